"""Random formulas for the tests of the language."""

from hypothesis import strategies as st

from il21.lang.tree import Binary, Call, Name, Negate, Number

LETTERS = ("x", "y", "k", "nk.r")
ROUND_TRIP = st.one_of(
    st.sampled_from([Name(name) for name in (*LETTERS, "time")]),
    st.floats(0, 1e300, allow_nan=False).map(Number),
    st.tuples(st.floats(0, 1e6), st.sampled_from(["d", "ng/mL", "1/d"])).map(lambda p: Number(*p)),
)
SMOOTH = st.one_of(
    st.sampled_from([Name("x"), Name("y"), Name("k")]),
    st.floats(0.3, 3.0).map(lambda value: Number(round(value, 2))),
)


def grown(functions):
    """Return how a strategy of trees makes a strategy of larger ones."""

    def extend(inner):
        pair = st.tuples(inner, inner)
        rows = [
            inner.map(Negate),
            st.tuples(st.sampled_from("+-*/^"), inner, inner).map(lambda row: Binary(*row)),
            st.tuples(st.sampled_from([f for f in functions if f in ("exp", "log", "sqrt", "tanh")]),
                      inner).map(lambda row: Call(row[0], (row[1],))),
            st.tuples(inner, inner, inner).map(lambda args: Call("hill", args)),
        ]  # fmt: skip
        if "min" in functions:
            rows.append(
                st.tuples(st.sampled_from(["min", "max"]), pair).map(lambda row: Call(*row))
            )
        return st.one_of(rows)

    return extend


def trees(leaves=ROUND_TRIP, functions=("exp", "log", "sqrt", "tanh", "min"), most=12):
    """Trees of at most ``most`` leaves."""
    return st.recursive(leaves, grown(functions), max_leaves=most)
