"""`--weights`: what a reader may write, and the one line for what he may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost.tradeoffs import weights
from assets.cost.tradeoffs.rubric import CRITERIA, SKILLS

numbers = st.floats(0, 1000, allow_subnormal=False).map(lambda number: round(number, 3))


def test_nothing_given_is_the_default():
    assert weights.parse(None) == weights.parse("") == weights.DEFAULT
    assert weights.DEFAULT.criteria == {name: weight for name, (weight, _) in CRITERIA.items()}


def test_pairs_change_what_they_name():
    made = weights.parse("latency=3, jvm=0")
    assert made.criteria == {**weights.DEFAULT.criteria, "latency": 3}
    assert made.skills == {**weights.DEFAULT.skills, "jvm": 0}


def test_a_file_does_the_same(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("latency: 3\njvm: 0\n")
    assert weights.parse(str(path)) == weights.parse("latency=3,jvm=0")


@given(st.dictionaries(st.sampled_from([*CRITERIA, *SKILLS]), numbers, min_size=1))
def test_shares_add_up_to_one(given_weights):
    text = ",".join(f"{name}={number}" for name, number in given_weights.items())
    if all(given_weights.get(name, 1) == 0 for name in CRITERIA):
        return
    made = weights.parse(text)
    assert sum(made.shares.values()) == pytest.approx(1)
    for name, number in given_weights.items():
        assert {**made.criteria, **made.skills}[name] == number


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("speed=3", "no criterion speed: it may be cost, latency, .*; for skills python, "),
        ("latency", "'latency' is no pair: write criterion=number"),
        ("latency=", "the weight of latency is ''"),
        ("latency=fast", "the weight of latency is 'fast': it is a number, 0 or more"),
        ("latency=-1", "0 or more"),
        ("latency=nan", "0 or more"),
        ("latency=inf", "0 or more"),
        ("latency=1,latency=2", "names latency twice"),
        (",".join(f"{name}=0" for name in CRITERIA), "all weights are 0"),
        ("nowhere.yaml", "no file nowhere.yaml"),
    ],
)
def test_a_mistake_is_one_line(text, words):
    with pytest.raises(weights.BadWeights, match=words) as refused:
        weights.parse(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [("- latency", "is no mapping"), ("a: [", "is not YAML"), ("latency: true", "is True"), ("1: 2", "no criterion 1")],
)
def test_a_wrong_file_is_one_line(content, words, tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(content)
    with pytest.raises(weights.BadWeights, match=words) as refused:
        weights.parse(str(path))
    assert "\n" not in str(refused.value)
