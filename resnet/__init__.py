"""The networks, their images and their training: one run, one seed, one run record.

The modules at the top are what people call (``python -m resnet.train``, ``evaluate``, ``verify``,
``adopt``) and the settings that they share; the rooms are ``network``, ``images``, ``training`` and
``job``. Nothing of ``ablations`` or ``report`` comes in.
"""
