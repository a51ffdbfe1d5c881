"""Random cohorts of structured readings, near the limits of the rules more often than not."""

import numpy as np

from il21.study.criteria.door import findings
from il21.study.criteria.records import Blood

DAYS = np.array([28.0, 56, 84, 112, 140])


def walk(rng, shape, start):
    """Sizes that go up and down by whole steps, so that limits are met exactly."""
    steps = rng.choice([0.0, 0.5, 0.7, 0.8, 1.0, 1.0, 1.2, 1.25, 1.5], size=shape)
    steps[..., 0] = 1.0
    return start[..., None] * np.cumprod(steps, axis=-1)


def cohort(seed, n=400, days=DAYS, targets_only=False):
    """Return findings of n patients with everything that a rule may read."""
    rng = np.random.default_rng(seed)
    lesions, times = 4, 1 + len(days)
    start = rng.choice([10.0, 15, 20, 30, 40], size=(n, lesions))
    long = walk(rng, (n, lesions, times), start)
    long[np.arange(lesions) >= rng.integers(1, lesions + 1, (n, 1))] = np.nan
    if targets_only:
        gone = (rng.random((n, len(days))) < 0.1) | (rng.random((n, 1)) < 0.03)
        long[:, :, 1:][np.broadcast_to(gone[:, None], long[:, :, 1:].shape)] = np.nan
        long[rng.random(n) < 0.03, :, 0] = np.nan  # no baseline
        appeared = np.where(rng.random(n) < 0.3, rng.uniform(1, 200, n), np.inf)
        new = np.where(gone, -1, (appeared[:, None] <= days).astype(int))
        return findings(long, days, new=new)
    unread = rng.random((n, lesions, len(days))) < 0.05
    long[:, :, 1:][unread] = np.nan
    short = long * rng.choice([0.5, 0.8, 1.0], size=(n, lesions, 1))
    status = rng.choice([-1, 1, 2, 2, 2, 3, 4], size=(n, times))
    status[:, 0] = 2
    status[rng.random(n) < 0.5] = 0
    new = np.cumsum(rng.random((n, len(days))) < 0.1, axis=1)
    sums = np.where(new > 0, rng.choice([10.0, 15, 18, 25], size=new.shape), np.nan)
    marrow = rng.choice([-1, 0, 1, 2, 3], size=(n, times))
    return findings(
        long, days, short=short, node=rng.random((n, lesions)) < 0.5, non_target=status, new=new,
        new_sum=sums, new_change=rng.choice([-1, 0, 0, 1], size=new.shape),
        symptom_driven=rng.random(new.shape) < 0.2, marrow=marrow,
        spleen=walk(rng, (n, times), rng.choice([0.0, 4.0], size=n)),
        liver=walk(rng, (n, times), rng.choice([0.0, 2.0], size=n)), blood=blood(rng, n, times),
        death=np.where(rng.random(n) < 0.2, days[-1] + rng.uniform(1, 50, n), np.inf),
    )  # fmt: skip


def blood(rng, n, times):
    def count(*typical):
        return walk(rng, (n, times), rng.choice(typical, size=n))

    lymphocytes = count(4.0, 10.0, 80.0)
    lymphocytes[:, 1:][rng.random((n, times - 1)) < 0.05] = np.nan
    return Blood(
        lymphocytes=lymphocytes, neutrophils=count(1.0, 1.5, 3.0), platelets=count(80.0, 120.0),
        haemoglobin=count(9.0, 11.0, 13.0), marrow_lymphocytes=count(20.0, 60.0),
        symptoms=rng.random((n, times)) < 0.3, transformed=rng.random((n, times)) < 0.02,
    )  # fmt: skip
