"""Survival curves, log-rank, Cox and Turnbull: equal to other programs, at the maximum."""

import shutil
import subprocess
import warnings

import numpy as np
import pytest
from scipy import optimize, stats

from il21.errors import InputError, UnknownNameError
from il21.study.survival.cox import cox
from il21.study.survival.curves import kaplan_meier, log_rank, median_follow_up
from il21.study.survival.turnbull import turnbull

EXACT = {"rtol": 1e-10, "atol": 1e-12}
NEVER = np.inf


def sample(seed, n=120, decimals=1):
    """Times with ties (one decimal) or without (six), events, three groups, two covariates."""
    rng = np.random.default_rng(seed)
    end = np.round(rng.exponential(10, n), decimals) + 0.1
    lost = np.round(rng.uniform(0, 20, n), decimals) + 0.1
    return np.minimum(end, lost), end <= lost, rng.integers(0, 3, n), rng.normal(size=n)


# ---- curves against other programs ----------------------------------------------------------


@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("seed", range(5))
def test_kaplan_meier_equals_scipy(seed, decimals):
    time, event, _, _ = sample(seed, decimals=decimals)
    ours = kaplan_meier(time, event)
    data = stats.CensoredData(uncensored=time[event], right=time[~event])
    other = stats.ecdf(data).sf
    assert np.allclose(ours.at(other.quantiles), other.probabilities, **EXACT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # undefined limits, where survival is 0
        limits = other.confidence_interval(0.95, method="log-log")
    inside = (other.probabilities > 0) & (other.probabilities < 1)
    assert inside.sum() > 20
    for found, wanted in zip(ours.limits_at(other.quantiles), limits, strict=True):
        assert np.allclose(found[inside], wanted.probabilities[inside], **EXACT)


@pytest.mark.parametrize("decimals", [1, 6])
def test_kaplan_meier_equals_statsmodels(decimals):
    survfunc = pytest.importorskip("statsmodels.duration.survfunc")
    time, event, _, _ = sample(9, decimals=decimals)
    ours, other = kaplan_meier(time, event), survfunc.SurvfuncRight(time, event.astype(int))
    assert np.allclose(ours.at(other.surv_times), other.surv_prob, **EXACT)
    assert (ours.numbers_at_risk(other.surv_times) == other.n_risk).all()
    assert ours.events.sum() == other.n_events.sum()
    error = ours.survival * np.sqrt(ours.variance)
    died = np.isin(ours.times, other.surv_times)
    assert np.allclose(error[died], other.surv_prob_se, **EXACT)
    assert ours.median.estimate == other.quantile(0.5)


def test_median_limits_are_where_the_limits_of_the_curve_cross_a_half():
    curve = kaplan_meier(*sample(3)[:2])
    median = curve.median
    assert median.low < median.estimate < median.high
    before = curve.times < median.low
    assert (curve.low[before] > 0.5).all()
    assert curve.limits_at(median.low)[0] <= 0.5
    assert (curve.high[curve.times < median.high] > 0.5).all()
    assert curve.limits_at(median.high)[1] <= 0.5
    assert (curve.survival[curve.times < median.estimate] > 0.5).all()


def test_a_curve_written_out_by_hand():
    curve = kaplan_meier([1, 2, 2, 3, 5], [True, True, False, False, True])
    assert curve.times.tolist() == [1, 2, 3, 5]
    assert curve.at_risk.tolist() == [5, 4, 2, 1]
    assert curve.events.tolist() == [1, 1, 0, 1]
    assert curve.censored.tolist() == [0, 1, 1, 0]
    assert curve.survival == pytest.approx([0.8, 0.6, 0.6, 0.0])
    assert curve.variance[1] == pytest.approx(1 / (5 * 4) + 1 / (4 * 3))
    assert curve.at([0, 0.99, 1, 4.9, 5, 9]).tolist() == pytest.approx([1, 1, 0.8, 0.6, 0, 0])
    assert curve.numbers_at_risk([0, 1, 1.5, 2, 2.5, 5, 6]).tolist() == [5, 5, 4, 4, 2, 1, 0]
    assert curve.patients == 5
    assert np.isnan(curve.low[-1])
    assert np.isnan(curve.high[-1])
    assert curve.median.estimate == 5
    unreached = kaplan_meier([1, 2, 3], [True, False, False])
    assert unreached.median.estimate == NEVER
    assert unreached.quantile(1 / 3).estimate == 1
    nobody = kaplan_meier([1, 2], [False, False])
    assert (nobody.survival == 1).all()
    assert (nobody.low == 1).all()


def test_curve_limits_cover():
    """Pointwise limits hold the truth about as often as they say."""
    rng = np.random.default_rng(5)
    held, repeats = 0, 1000
    for _ in range(repeats):
        end, lost = rng.exponential(10, 60), rng.uniform(0, 25, 60)
        curve = kaplan_meier(np.minimum(end, lost), end <= lost)
        low, high = curve.limits_at(7.0)
        held += bool(low <= np.exp(-0.7) <= high)
    assert 0.93 * repeats <= held <= 0.97 * repeats


def test_median_follow_up_is_the_curve_of_censoring():
    time, event, _, _ = sample(4)
    assert median_follow_up(time, event) == kaplan_meier(time, ~event).median
    # everybody followed for 10, whatever happened on the way
    rng = np.random.default_rng(1)
    end = rng.exponential(10, 200)
    assert median_follow_up(np.minimum(end, 10), end <= 10).estimate == 10


@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("seed", range(5))
def test_log_rank_equals_scipy(seed, decimals):
    time, event, group, _ = sample(seed, decimals=decimals)
    parts = [(time[group == g], event[group == g]) for g in (0, 1)]
    ours = log_rank(parts)
    data = [stats.CensoredData(uncensored=t[e], right=t[~e]) for t, e in parts]
    other = stats.logrank(*data)
    assert ours.p == pytest.approx(other.pvalue, rel=1e-10)
    assert ours.chi2 == pytest.approx(other.statistic**2, rel=1e-10)
    assert ours.z == pytest.approx(other.statistic, rel=1e-10)


def test_log_rank_of_three_groups_equals_statsmodels():
    survfunc = pytest.importorskip("statsmodels.duration.survfunc")
    time, event, group, _ = sample(2)
    ours = log_rank([(time[group == g], event[group == g]) for g in range(3)])
    chi2, p = survfunc.survdiff(time, event.astype(int), group)
    assert ours.chi2 == pytest.approx(chi2, rel=1e-10)
    assert ours.p == pytest.approx(p, rel=1e-10)
    assert ours.freedom == 2
    assert np.isnan(ours.z)
    assert sum(ours.expected) == pytest.approx(sum(ours.observed))


def test_log_rank_is_at_its_nominal_rate():
    rng = np.random.default_rng(8)
    small = 0
    for _ in range(1000):
        end, lost = rng.exponential(10, 80), rng.uniform(5, 25, 80)
        time, event = np.minimum(end, lost), end <= lost
        small += log_rank([(time[:40], event[:40]), (time[40:], event[40:])]).p < 0.05
    low, high = stats.binom.interval(0.999, 1000, 0.05)
    assert low <= small <= high


# ---- Cox ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ties", ["Efron", "Breslow"])
@pytest.mark.parametrize("names", [("group",), ("group", "x")])
@pytest.mark.parametrize("decimals", [1, 6])
def test_cox_equals_statsmodels(ties, names, decimals):
    api = pytest.importorskip("statsmodels.duration.hazard_regression")
    time, event, group, x = sample(6, decimals=decimals)
    columns = {"group": group.astype(float), "x": 3 + 5 * x}
    ours = cox(time, event, {name: columns[name] for name in names}, ties=ties)
    table = np.stack([columns[name] for name in names], axis=1)
    other = api.PHReg(time, table, status=event.astype(int), ties=ties.lower())
    here = ours.coefficients
    assert ours.log_likelihood == pytest.approx(other.loglike(here), rel=1e-10)
    assert ours.null_log_likelihood == pytest.approx(other.loglike(0 * here), rel=1e-10)
    assert np.abs(other.score(here)).max() < 1e-9  # the other's slope is nought at our maximum
    covariance = np.linalg.inv(-other.hessian(here))
    assert np.allclose(ours.covariance, covariance, **EXACT)
    fit = other.fit()
    assert np.allclose(here, fit.params, rtol=1e-6)
    ratio = ours.hazard_ratio("group")
    assert ratio.estimate == pytest.approx(np.exp(here[0]))
    assert [ratio.low, ratio.high] == pytest.approx(np.exp(fit.conf_int()[0]).tolist(), rel=1e-6)
    assert ours.p("group") == pytest.approx(fit.pvalues[0], rel=1e-5)


def test_cox_equals_lifelines_where_it_is_present():
    lifelines = pytest.importorskip("lifelines", reason="lifelines is not installed")
    pandas = pytest.importorskip("pandas")
    time, event, group, x = sample(6)
    ours = cox(time, event, {"group": group, "x": x})
    frame = pandas.DataFrame({"time": time, "event": event, "group": group, "x": x})
    options = {"precision": 1e-14}
    other = lifelines.CoxPHFitter().fit(frame, "time", "event", fit_options=options)
    assert ours.log_likelihood == pytest.approx(other.log_likelihood_, rel=1e-10)
    assert np.allclose(ours.covariance, other.variance_matrix_.to_numpy(), rtol=1e-7)
    assert np.allclose(ours.coefficients, other.params_.to_numpy(), rtol=1e-6)


def test_the_score_test_of_a_group_without_ties_is_the_log_rank_test():
    time, event, group, _ = sample(7, decimals=6)
    two = group < 2
    time, event, group = time[two], event[two], group[two]
    assert len(np.unique(time[event])) == event.sum()
    fit = cox(time, event, {"group": group})
    test = log_rank([(time[group == g], event[group == g]) for g in (0, 1)])
    assert fit.score_chi2 == pytest.approx(test.chi2, rel=1e-10)
    assert 0 < fit.likelihood_ratio_p < 1


def test_cox_finds_the_hazard_ratio_that_was_put_in():
    rng = np.random.default_rng(3)
    treated = np.repeat([0, 1], 2000)
    end = rng.exponential(1 / np.where(treated == 1, 0.5, 1.0))
    ratio = cox(np.minimum(end, 2), end <= 2, {"treated": treated}).hazard_ratio("treated")
    assert ratio.low < 0.5 < ratio.high
    assert ratio.high / ratio.low < 1.2


def test_scaling_a_covariate_scales_its_coefficient():
    time, event, _, x = sample(1)
    one, many = (cox(time, event, {"x": x * k + 7e3 * (k > 1)}) for k in (1, 1e4))
    assert many.coefficients[0] * 1e4 == pytest.approx(one.coefficients[0], rel=1e-9)
    assert many.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-12)


# ---- R --------------------------------------------------------------------------------------

R_SCRIPT = """
suppressMessages(library(survival))
d <- read.csv(commandArgs(TRUE)[1])
k <- survfit(Surv(time, event) ~ 1, d, conf.type = "log-log")
cat(format(k$surv, digits = 17), "\\n"); cat(format(k$time, digits = 17), "\\n")
s <- survdiff(Surv(time, event) ~ group, d); cat(format(s$chisq, digits = 17), "\\n")
f <- coxph(Surv(time, event) ~ group + x, d, control = coxph.control(eps = 1e-14, iter.max = 50))
cat(format(c(coef(f), vcov(f)), digits = 17), "\\n")
"""


def test_curve_log_rank_and_cox_equal_those_of_r(tmp_path):
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("Rscript is not installed")
    has = [program, "-e", "stopifnot(requireNamespace('survival', quietly = TRUE))"]
    if subprocess.run(has, capture_output=True, check=False).returncode:
        pytest.skip("R has no package survival")
    time, event, group, x = sample(6)
    rows = np.stack([time, event, group, x], axis=1)
    np.savetxt(tmp_path / "d.csv", rows, "%.17g", ",", header="time,event,group,x", comments="")
    (tmp_path / "s.R").write_text(R_SCRIPT)
    words = [program, str(tmp_path / "s.R"), str(tmp_path / "d.csv")]
    out = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    survival, times, chi2, fit = (np.array(line.split(), float) for line in out.splitlines())
    assert np.allclose(kaplan_meier(time, event).at(times), survival, **EXACT)
    groups = [(time[group == g], event[group == g]) for g in range(3)]
    assert log_rank(groups).chi2 == pytest.approx(chi2[0], rel=1e-10)
    ours = cox(time, event, {"group": group, "x": x})
    assert np.allclose(np.append(ours.coefficients, ours.covariance), fit, rtol=1e-8)


# ---- Turnbull -------------------------------------------------------------------------------

# Radiotherapy arm of Finkelstein and Wolfe 1985, Biometrics 41:933: months of cosmetic deterioration.
COSMESIS = [
    (45, NEVER), (6, 10), (0, 7), (46, NEVER), (46, NEVER), (7, 16), (17, NEVER), (7, 14), (37, 44),
    (0, 8), (4, 11), (15, NEVER), (11, 15), (22, NEVER), (46, NEVER), (46, NEVER), (25, 37),
    (46, NEVER), (26, 40), (46, NEVER), (27, 34), (36, 44), (46, NEVER), (36, 48), (37, NEVER),
    (40, NEVER), (17, 25), (46, NEVER), (11, 18), (38, NEVER), (5, 12), (37, NEVER), (0, 5),
    (18, NEVER), (24, NEVER), (36, NEVER), (5, 11), (19, 35), (17, 25), (24, NEVER), (32, NEVER),
    (33, NEVER), (19, 26), (37, NEVER), (34, NEVER), (36, NEVER),
]  # fmt: skip
COSMESIS_MASS = {
    (4, 5): 0.0463, (6, 7): 0.0334, (7, 8): 0.0887, (11, 12): 0.0708, (24, 25): 0.0926,
    (33, 34): 0.0818, (38, 40): 0.1209, (46, 48): 0.4656,
}  # fmt: skip


def test_turnbull_gives_the_published_masses():
    curve = turnbull(*zip(*COSMESIS, strict=True))
    rows = zip(curve.left, curve.right, curve.mass, strict=True)
    found = {(a, b): round(float(m), 4) for a, b, m in rows if m > 1e-6}
    assert found == COSMESIS_MASS


@pytest.mark.parametrize("decimals", [0, 6])
def test_turnbull_of_right_censored_times_is_kaplan_meier(decimals):
    time, event, _, _ = sample(5, decimals=decimals)
    curve = kaplan_meier(time, event)
    low, high = turnbull(time, np.where(event, time, NEVER)).at(curve.times)
    last = time[event].max()
    kept = curve.times <= last
    assert np.allclose(low[kept], curve.survival[kept], rtol=1e-8)
    assert np.allclose(high[kept], curve.survival[kept], rtol=1e-8)


def intervals(seed, n=150):
    rng = np.random.default_rng(seed)
    after = rng.exponential(10, n)
    until = after + rng.exponential(10, n)
    until[rng.random(n) < 0.2] = NEVER
    return after, until


@pytest.mark.parametrize("seed", range(4))
def test_turnbull_is_at_the_maximum(seed):
    """No interval anywhere could take mass and raise the likelihood (the equivalence theorem)."""
    after, until = intervals(seed)
    curve = turnbull(after, until)
    assert curve.excess < 1e-9
    assert curve.mass.sum() == pytest.approx(1)
    inside = (after[:, None] <= curve.left) & (curve.right <= until[:, None])
    chance = inside @ curve.mass
    assert np.log(chance).sum() == pytest.approx(curve.log_likelihood, rel=1e-12)
    slope = (inside / chance[:, None]).mean(axis=0)
    assert slope.max() <= 1 + 1e-9
    assert slope[curve.mass > 1e-6] == pytest.approx(1, abs=1e-6)


def test_turnbull_is_not_beaten_by_a_general_optimiser():
    after, until = intervals(11, 30)
    curve = turnbull(after, until)
    inside = ((after[:, None] <= curve.left) & (curve.right <= until[:, None])).astype(float)
    size = len(curve.mass)
    found = optimize.minimize(
        lambda p: -np.log(np.maximum(inside @ p, 1e-300)).sum(), np.full(size, 1 / size),
        bounds=[(0, 1)] * size, constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
        method="SLSQP", options={"maxiter": 500, "ftol": 1e-12},
    )  # fmt: skip
    assert -found.fun <= curve.log_likelihood + 1e-8
    assert -found.fun == pytest.approx(curve.log_likelihood, abs=1e-4)


def test_ends_of_intervals_at_one_time():
    """(0, 42] ends where (42, 84] begins: they share no time; a death on 42 lies in the first."""
    curve = turnbull([0, 42, 42], [42, 84, 42])
    assert list(zip(curve.left, curve.right, strict=True)) == [(42, 42), (42, 84)]
    assert curve.mass == pytest.approx([2 / 3, 1 / 3])
    low, high = curve.at([41.9, 42, 60, 84])
    assert low == pytest.approx([1, 1 / 3, 0, 0])
    assert high == pytest.approx([1, 1 / 3, 1 / 3, 0])
    assert curve.median == (42, 42)


# ---- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: kaplan_meier([], []), "no patients"),
        (lambda: log_rank([([], []), ([1], [True])]), "no patients"),
        (lambda: turnbull([], []), "no patients"),
        (lambda: cox([], [], {"x": []}), "no patients"),
        (lambda: kaplan_meier([1, -2], [True, True]), "row 1: time -2"),
        (lambda: kaplan_meier([1, np.nan], [True, True]), "row 1: time nan"),
        (lambda: kaplan_meier([1, 2], [True]), "2 times but events"),
        (lambda: kaplan_meier([1, 2], [0, 2]), "true .event. or false"),
        (lambda: kaplan_meier([1], [True], level=1.0), "level = 1"),
        (lambda: turnbull([-1], [3]), "after -1"),
        (lambda: turnbull([4], [3]), "after 4, until 3"),
        (lambda: turnbull([4], [3, 3]), "1 times after"),
        (lambda: log_rank([([1], [True])]), "two groups or more"),
        (lambda: log_rank([([1], [False]), ([2], [False])]), "no events"),
        (lambda: cox([1, 2], [False, False], {"x": [0, 1]}), "no events"),
        (lambda: cox([1, 2], [True, True], {}), "no covariates"),
        (lambda: cox([1, 2], [True, True], {"x": [3, 3]}), "x is 3 for everybody"),
        (lambda: cox([1, 2], [True, True], {"x": [3]}), "covariate x of shape"),
        (lambda: cox([1, 2, 3, 4], [1, 1, 0, 0], {"x": [1, 1, 0, 0]}), "x separates"),
        (lambda: cox(*sample(1)[:2], {"x": sample(1)[3], "y": 2 * sample(1)[3]}), "other"),
        (lambda: cox([1, 2], [True, True], {"x": [0, 1]}, ties="exact"), "ties 'exact'"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(call, words):
    with pytest.raises(InputError, match=words) as refused:
        call()
    assert "\n" not in str(refused.value)


def test_an_unknown_covariate_is_refused_with_the_nearest():
    time, event, _, x = sample(1)
    with pytest.raises(UnknownNameError, match="did you mean 'age'"):
        cox(time, event, {"age": x}).hazard_ratio("aeg")
