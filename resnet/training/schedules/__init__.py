"""The registry of learning rate schedules; each schedule is a folder.

``settings.py`` defines the settings without importing torch; ``schedule.py`` builds the schedule.
"""
