"""Scores and ranks: between 1 and 5, moved by weights, and turned where the sensitivity says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost.tradeoffs import read, rubric, score, sensitivity, weights
from assets.cost.tradeoffs.report import FAMILIES
from assets.cost.tradeoffs.weights import Weights

FACTS = {family: read.read(family) for family in FAMILIES}
TIMES = {option.name: (1.0 + place / 4,) for facts in FACTS.values() for place, option in enumerate(facts.options)}
some_weights = st.builds(
    Weights,
    st.fixed_dictionaries({name: st.integers(1, 10).map(float) for name in rubric.CRITERIA}),
    st.fixed_dictionaries({name: st.integers(0, 10).map(float) for name in rubric.SKILLS}),
)


def rank_of(family, times=TIMES):
    return lambda given_weights: score.ranking(FACTS[family], times, given_weights)


def only(criterion):
    return Weights({name: float(name == criterion) for name in rubric.CRITERIA}, weights.DEFAULT.skills)


@given(some_weights, st.sampled_from(FAMILIES))
def test_scores_and_totals_stay_between_1_and_5(given_weights, family):
    ranked = rank_of(family)(given_weights)
    assert {each.name for each in ranked} == {option.name for option in FACTS[family].options}
    for each in ranked:
        assert set(each.scores) == set(rubric.CRITERIA)
        assert all(1 <= found <= 5 for found in each.scores.values())
        assert 1 <= each.total <= 5 + 1e-9
        assert each.total == pytest.approx(sum(each.points.values()))
    assert [each.total for each in ranked] == sorted((each.total for each in ranked), reverse=True)


@given(some_weights, st.integers(2, 9), st.sampled_from(FAMILIES))
def test_only_the_proportions_of_weights_count(given_weights, times, family):
    larger = Weights({name: weight * times for name, weight in given_weights.criteria.items()}, given_weights.skills)
    rank = rank_of(family)
    assert [each.total for each in rank(larger)] == pytest.approx([each.total for each in rank(given_weights)])


@pytest.mark.parametrize("criterion", rubric.CRITERIA)
@pytest.mark.parametrize("family", FAMILIES)
def test_with_all_weight_on_one_criterion_its_best_is_first(criterion, family):
    first = rank_of(family)(only(criterion))[0]
    assert first.total == max(each.scores[criterion] for each in rank_of(family)(weights.DEFAULT))


def test_weights_turn_the_rank():
    firsts = {rank_of("engine")(only(criterion))[0].name for criterion in rubric.CRITERIA}
    assert len(firsts) > 2


def test_a_java_team_finds_kafka_streams_easier_than_polars():
    def skills(given_weights):
        return {each.name: each.scores["skills"] for each in rank_of("engine")(given_weights)}

    default, java = skills(weights.DEFAULT), skills(weights.parse("jvm=0,kafka=0,python=3"))
    assert default["polars"] > default["kafka-streams"]
    assert java["polars"] < java["kafka-streams"]


def test_an_option_without_a_bill_is_ranked_by_the_rest():
    times = {name: found for name, found in TIMES.items() if name != "flink"}
    flink = next(each for each in rank_of("engine", times)(weights.DEFAULT) if each.name == "flink")
    assert flink.unscored == ("cost",)
    others = {name: weight for name, weight in weights.DEFAULT.criteria.items() if name != "cost"}
    expected = sum(flink.scores[name] * weight for name, weight in others.items()) / sum(others.values())
    assert flink.total == pytest.approx(expected)


@pytest.mark.parametrize(("times", "expected"), [(1, 5), (2**0.5, 4), (2, 3), (4, 1), (40, 1)])
def test_a_bill_loses_two_points_each_doubling(times, expected):
    assert rubric.cost(times) == pytest.approx(expected)


@pytest.mark.parametrize(("p95", "expected"), [(9, 5), (123, 4), (382, 3), (1_600, 3), (10_000, 2), (300_000, 1)])
def test_latency_by_bands(p95, expected):
    assert rubric.latency(p95) == expected


@pytest.mark.parametrize(("count", "expected"), [(0, 5), (1, 5), (2, 4), (3, 3), (4, 3), (5, 2), (7, 1)])
def test_parts_by_bands(count, expected):
    assert rubric.parts(count) == expected


def test_skills_that_all_weigh_nothing_cost_nothing():
    needs = dict.fromkeys(rubric.SKILLS, 5)
    assert rubric.skills(needs, dict.fromkeys(rubric.SKILLS, 0.0)) == 5
    assert rubric.skills(needs, weights.DEFAULT.skills) == 1


@given(some_weights, st.sampled_from(FAMILIES))
def test_the_sensitivity_tells_the_truth(given_weights, family):
    rank = rank_of(family)
    for swing in sensitivity.swings(rank, given_weights):
        name, weight = swing.criterion, given_weights.criteria[swing.criterion]
        assert swing.halved == rank(given_weights.having(name, weight / 2))[0].name
        assert swing.doubled == rank(given_weights.having(name, weight * 2))[0].name
        first = rank(given_weights)[0].name
        if swing.turns_at is None:
            assert {rank(given_weights.having(name, other))[0].name for other in (0.0, 1e6)} == {first}
        else:
            level = {each.name: each.total for each in rank(given_weights.having(name, swing.turns_at))}
            assert level[swing.turns_to] == pytest.approx(level[first])
            between = (weight + swing.turns_at) / 2
            assert rank(given_weights.having(name, between))[0].total == pytest.approx(
                next(each.total for each in rank(given_weights.having(name, between)) if each.name == first)
            )


@given(some_weights, st.sampled_from(FAMILIES))
def test_level_are_those_that_one_judged_point_would_put_first(given_weights, family):
    ranked = rank_of(family)(given_weights)
    level = score.level(ranked, given_weights)
    assert level[0] == ranked[0].name
    point = max(given_weights.shares[name] for name in rubric.JUDGED)
    for each in ranked:
        assert (each.name in level) == (each.total + point >= ranked[0].total)
