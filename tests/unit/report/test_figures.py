"""Figures show who was on study, name their units, and touch no global state."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from il21.errors import InputError
from il21.report.change import changes_of, median_on_study, one_replicate, ranked_band
from il21.report.figure import spider, waterfall
from il21.report.forest import table_figure
from il21.report.style import RESPONSE_COLOURS

PROVENANCE = {"seed": "5", "replicates": "12", "model": "human", "model_hash": "0123456789abcdef"}


def words_of(figure):
    figure.canvas.draw()
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
        found += [axes.get_xlabel(), axes.get_ylabel()]
        if axes.get_legend() is not None:
            found += [text.get_text() for text in axes.get_legend().get_texts()]
    return "\n".join(found)


def by_hand(make, sums, new=None, best=None):
    """Return a trial of one replicate with these sums of diameters, visits on days 42 and 84."""
    sums = np.array(sums, float)
    trial = make["trial"]("hand", len(sums), None, visits=("42 d", "84 d"))
    table = make["patients"](trial, replicates=1)
    table = replace(
        table, sums=sums, evaluable=np.ones(len(sums), bool),
        new_lesion_day=np.full(len(sums), np.inf) if new is None else np.array(new, float),
        best=np.array(best or ["SD"] * len(sums)),
    )  # fmt: skip
    return make["result"](trial, table)


def test_best_change_ends_with_the_first_progression(make):
    hand = by_hand(make, [[100, 130, 40], [100, 90, 60], [50, np.nan, 55]])
    changes = changes_of(hand)
    assert changes.best.tolist() == pytest.approx([30.0, -40.0, 10.0])
    assert changes.on_study.tolist() == [[True, False], [True, True], [True, True]]
    assert changes.progressed.tolist() == [True, False, False]


def test_a_new_lesion_ends_it_too_and_is_marked(make):
    hand = by_hand(make, [[100, 90, 20], [100, 90, 20]], new=[30, np.inf])
    changes = changes_of(hand)
    assert changes.best.tolist() == pytest.approx([-10.0, -80.0])
    assert changes.by_new_lesion.tolist() == [True, False]


def test_patients_without_readings_are_left_out(make):
    hand = by_hand(make, [[100, np.nan, np.nan], [np.nan, 50, 60], [0, 10, 20], [80, 80, 80]])
    changes = changes_of(hand)
    assert changes.drawn.tolist() == [False, False, False, True]
    assert np.isnan(changes.best[:3]).all()
    words = words_of(waterfall(hand))
    assert "3 without a reading after baseline" in words
    assert "1 of the 4 patients" in words


def test_nobody_to_draw_is_said(make):
    hand = by_hand(make, [[100, np.nan, np.nan]] * 3)
    for draw in (waterfall, spider):
        assert "no patient of this replicate has a reading" in words_of(draw(hand))


def test_median_counts_those_on_study(make):
    hand = by_hand(make, [[100, 130, 40], [100, 90, 60], [100, 110, np.nan]])
    middle, number = median_on_study(changes_of(hand), np.ones(3, bool))
    assert number.tolist() == [3, 1]
    assert middle.tolist() == pytest.approx([10.0, -40.0])


def test_median_of_a_visit_that_nobody_reached_is_unknown(make):
    hand = by_hand(make, [[100, 130, 40], [100, 150, 60]])
    middle, number = median_on_study(changes_of(hand), np.ones(2, bool))
    assert number.tolist() == [2, 0]
    assert np.isnan(middle[1])


def test_the_band_is_that_of_equal_replicates():
    rng = np.random.default_rng(3)
    best = rng.normal(size=(200, 11))
    low, middle, high = ranked_band(best.ravel(), np.repeat(np.arange(200), 11), 11)
    ranked = -np.sort(-best, axis=1)
    assert middle == pytest.approx(np.median(ranked, axis=0))
    assert low == pytest.approx(np.quantile(ranked, 0.05, axis=0))
    assert high == pytest.approx(np.quantile(ranked, 0.95, axis=0))
    assert (np.diff(middle) < 0).all()


def test_the_band_takes_replicates_of_unequal_size():
    best = np.array([10.0, 0.0, -10.0, 5.0, -5.0])
    band = ranked_band(best, np.array([0, 0, 0, 1, 1]), 2)
    assert band.shape == (3, 2)
    assert (band[0] <= band[1]).all()
    assert (band[1] <= band[2]).all()


def test_bars_are_the_patients_ranked_and_coloured(result):
    axes = waterfall(result, PROVENANCE).axes[0]
    changes = changes_of(result)
    who = one_replicate(result, None) & changes.drawn
    bars = axes.patches
    heights = [bar.get_height() for bar in bars]
    assert heights == sorted(changes.best[who].tolist(), reverse=True)
    colours = {"#{:02X}{:02X}{:02X}".format(*(round(255 * c) for c in bar.get_facecolor()[:3]))
               for bar in bars}  # fmt: skip
    assert colours <= set(RESPONSE_COLOURS.values())
    assert len(bars) == who.sum() == 10  # of 12, one failed and one could not be evaluated


@pytest.mark.parametrize("draw", [waterfall, spider])
def test_axes_have_units_and_the_foot_says_what_made_them(result, draw):
    figure = draw(result, PROVENANCE)
    assert isinstance(figure, Figure)
    axes = figure.axes[0]
    assert axes.get_ylabel().endswith("(%)")
    words = words_of(figure)
    for part in ("seed 5", "12 replicates", "model human 0123456789ab", "il21 ", "−30 %", "+20 %"):
        assert part in words
    assert "1 could not be integrated" in words
    assert "1 not evaluable" in words


def test_lines_end_at_progression(make):
    hand = by_hand(
        make, [[100, 130, 40], [100, 90, 60], [100, 95, 99]], best=["PD", "PR", "SD"]
    )  # fmt: skip
    axes = spider(hand, PROVENANCE).axes[0]
    lines = [list(line.get_xdata()) for line in axes.lines if line.get_marker() == "o"]
    assert lines == [[0, 42], [0, 42, 84], [0, 42, 84], [0, 42]]  # the last is the median of three
    assert sum(line.get_marker() == "x" for line in axes.lines) == 1
    assert axes.get_xlabel() == "time after the first dose (d)"


def test_high_readings_are_cut_and_said(make):
    hand = by_hand(make, [[100, 400, 500], [100, 90, 60], [100, 95, 99]])
    figure = waterfall(hand)
    assert figure.axes[0].get_ylim()[1] == 150.0
    words = words_of(figure)
    assert "+300" in words
    assert "above +150 % are cut (1 patient)" in words
    assert "The band is cut at +150 %" in words
    assert spider(hand).axes[0].get_ylim()[1] == 150.0
    low = by_hand(make, [[100, 110, 105], [100, 90, 60], [100, 95, 99]])
    assert "cut" not in words_of(waterfall(low))


def test_another_replicate_can_be_drawn(result):
    assert "replicate 7" in words_of(waterfall(result, replicate=7))
    with pytest.raises(InputError, match="no replicate 12; there are 0 to 11"):
        spider(result, replicate=12)


def test_many_patients_are_drawn_without_single_marks(make):
    trial = make["trial"]("large", 150, None, visits=tuple(f"{14 * k} d" for k in range(1, 15)))
    large = make["result"](trial, make["patients"](trial, replicates=2))
    assert "new lesion" not in words_of(waterfall(large))
    ticks = [tick.get_text() for tick in spider(large).axes[0].get_xticklabels()]
    assert len(ticks) == 15
    assert "" in ticks
    assert ticks[0].split("\n")[0] == "0"


def test_a_pool_of_other_visits_is_refused(result):
    table = result.patients
    wrong = replace(result, patients=replace(table, visits=table.visits[:2]))
    with pytest.raises(InputError, match="draw each of them"):
        waterfall(wrong)


def test_the_table_figure_says_what_the_table_says(report):
    figure = table_figure(report)
    axes = figure.axes[0]
    assert axes.get_xlabel() == "share of the evaluable patients (%)"
    words = words_of(figure)
    for result in report.results:
        assert result.trial.name in words
        for row in result.comparison.rows:
            assert f"{row.median:g} ({row.low:g}–{row.high:g})" in words
    assert "outside" in words
    assert "shown, not counted" in words
    assert "2 × step too small" in words
    reported = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "D"]
    counts = [row.reported for result in report.results for row in result.comparison.rows]
    sizes = [11] * 3 + [9] * 3 + [20] * 3
    assert reported == pytest.approx([100 * c / n for c, n in zip(counts, sizes, strict=True)])


def test_the_table_figure_without_reported_counts(unreported, make):
    axes = table_figure(make["report"](unreported)).axes[0]
    assert not [line for line in axes.lines if line.get_marker() == "D"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "predicted median and 90 % interval"
    ]


def test_text_lies_within_the_figure(report, result):
    for figure in (table_figure(report), waterfall(result, PROVENANCE), spider(result, PROVENANCE)):
        figure.canvas.draw()
        width, height = figure.get_size_inches() * figure.dpi
        texts = [*figure.texts, *figure.axes[0].texts, *figure.axes[0].get_legend().get_texts()]
        for text in texts:
            box = text.get_window_extent()
            assert box.x0 >= 0, text
            assert box.x1 <= width, text
            assert box.y0 >= 0, text
            assert box.y1 <= height, text


def test_pyplot_is_not_used():
    assert "matplotlib.pyplot" not in sys.modules
