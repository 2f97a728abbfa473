"""A made-up runner with years of made-up files, so that there is something to see before anybody uploads a run.

She was born on BORN and is graded by the table TABLE; she lives at an invented address, races invented events on
invented courses and owns two invented devices. `generate` gives her files back newest first, with the truth about each
of them: what the detector and the grades ought to find. Half of her races carry no telling title, because that is how
people are.

    places.py     where: loops from the door, race courses, a track
    runner.py     how good she is on a day, how fast that is, what it does to her heart
    season.py     when: the races of a year, and the training around them
    sessions.py   what a planned outing consists of, leg by leg
    watch.py      what a watch makes of it: a table of samples
    files.py      that table as TCX or GPX

Everything follows from the seed and the arguments, to the byte. No Django in here: importing the files is done like
anybody's, by whoever calls this.
"""

from activities.demo.generator import DemoFile, DemoTruth, generate, write_truth
from activities.demo.runner import BORN, TABLE

__all__ = ["BORN", "TABLE", "DemoFile", "DemoTruth", "generate", "write_truth"]
