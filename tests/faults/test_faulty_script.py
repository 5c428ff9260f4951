"""The faulty warehouse decides by its script and seed alone."""

from faulty_warehouse.script import APPEND, FINALIZE, ORDINARY, Fate, Rule, Says, Script

LOST = Fate(Says.NOTHING, arrives=0)


class TestScript:
    def test_a_rule_meets_so_many_requests_of_its_name(self):
        script = Script(0, Rule(APPEND, LOST, times=2))
        assert [script.decide(name) for name in (FINALIZE, APPEND)] == [ORDINARY, LOST]
        assert not script.spent
        assert [script.decide(APPEND) for _ in range(2)] == [LOST, ORDINARY]
        assert script.spent
        assert script.met == {APPEND: 2}

    def test_the_first_rule_that_applies_decides(self):
        other = Fate(Says.BLANK)
        script = Script(0, Rule(APPEND, LOST), Rule(APPEND, other))
        assert [script.decide(APPEND) for _ in range(3)] == [LOST, other, ORDINARY]

    def test_without_a_number_it_lasts_until_another_script(self):
        script = Script(0, Rule(APPEND, LOST, times=None))
        assert {script.decide(APPEND) for _ in range(50)} == {LOST}
        script.follow()
        assert script.decide(APPEND) is ORDINARY
        assert script.met == {}

    def test_chances_come_from_the_seed(self):
        def drawn(seed):
            script = Script(seed, Rule(APPEND, LOST, times=None, chance=0.3))
            return [script.decide(APPEND) is LOST for _ in range(400)]

        assert drawn(1) == drawn(1) != drawn(2)
        assert 80 < sum(drawn(1)) < 160

    def test_chances_do_not_depend_on_other_requests_between(self):
        rule = Rule(APPEND, LOST, times=None, chance=0.5)
        alone, among = Script(3, rule), Script(3, rule)
        for _ in range(40):
            among.decide(FINALIZE)
            assert alone.decide(APPEND) == among.decide(APPEND)
