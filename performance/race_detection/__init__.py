"""Is this run a race, over what distance, and on what evidence?

Pure: summaries of one athlete's runs in, probabilities with reasons out; no database, no files but the package's own.
An additive scorecard in log-odds (coefficients.toml) weighs evidence that compares each run with the athlete's other
runs and reads its title. Distance is evidence, never a gate; whatever is missing is named and adds nothing.
"""

from performance.race_detection.assessment import Assessment, Reason, assess
from performance.race_detection.distances import STANDARD_DISTANCES, StandardDistance
from performance.race_detection.inside import race_inside
from performance.race_detection.names import distances_named
from performance.race_detection.runs import Kind, RunSummary
from performance.race_detection.samples import FROM_SAMPLES, Refined, Sampled, refine
from performance.race_detection.scorecard import Scorecard, shipped_scorecard
from performance.race_detection.snapping import snap
from performance.race_detection.stretches import SHORTEST_M, Stretch, stretches_of
from performance.race_detection.words import describe, describe_missing

__all__ = [
    "FROM_SAMPLES",
    "SHORTEST_M",
    "STANDARD_DISTANCES",
    "Assessment",
    "Kind",
    "Reason",
    "Refined",
    "RunSummary",
    "Sampled",
    "Scorecard",
    "StandardDistance",
    "Stretch",
    "assess",
    "describe",
    "describe_missing",
    "distances_named",
    "race_inside",
    "refine",
    "shipped_scorecard",
    "snap",
    "stretches_of",
]
