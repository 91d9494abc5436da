"""The learning rate schedules: a registry, in which each schedule is a folder.

``settings.py`` holds the schedule's settings, without torch; ``schedule.py`` builds it.
"""
