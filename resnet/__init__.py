"""Train one network with one seed, and write one run record.

The modules at the top level are the commands (``python -m resnet.train``, ``evaluate``, ``verify``,
``adopt``) and the settings that they share. The subpackages are ``network``, ``costs``,
``images``, ``training`` and ``job``. This package imports nothing from ``ablations`` or ``report``.
"""
