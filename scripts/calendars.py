"""What Python's icalendar reads in the files of a folder: by file, component and order, as JSON."""

import datetime
import json
import pathlib
import sys

import icalendar


def value(it):
    """A value as text: times as 2026-05-11T08:00:00Z."""
    time = getattr(it, "dt", None)
    if time is not None:
        return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(it)


def component(it):
    names = {}
    for name, values in it.items():
        values = values if isinstance(values, list) else [values]
        names[name.upper()] = [
            {"value": value(one), "params": {key.upper(): str(param) for key, param in one.params.items()}}
            for one in values
        ]
    return {"name": it.name, "properties": names, "components": [component(child) for child in it.subcomponents]}


files = sorted(pathlib.Path(sys.argv[1]).glob("*.ics"))
read = {file.name: component(icalendar.Calendar.from_ical(file.read_bytes())) for file in files}
json.dump(read, sys.stdout)
