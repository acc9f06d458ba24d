"""Rules that an object cannot fire are passed over unasked, and nothing else comes of that."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Decision
from dicomrules.rulebook.load import load
from tests.unit.engine.make import dataset, encode, envelope

VALUES = ("CT", "MR", "CR", "")
SUBJECTS = ("calling_aet", "Modality", "BodyPartExamined", "original.Modality")


@st.composite
def guards(draw: st.DrawFn) -> str:
    first, second = draw(st.sampled_from(SUBJECTS)), draw(st.sampled_from(SUBJECTS))
    one, other = draw(st.sampled_from(VALUES[:3])), draw(st.sampled_from(VALUES[:3]))
    return draw(
        st.sampled_from(
            (
                f'when {first} == "{one}"',
                f'when {first} in ["{one}", "{other}"] and {second} == "{other}"',
                f'when {first} == "{one}" or {second} == "{other}"',
                f'when {first} starts with "{one}"',
                f'unless {first} == "{one}"',
                f'when not ({first} == "{one}") and Rows is absent' if first == "calling_aet" else "",
            )
        )
    )


@st.composite
def rules(draw: st.DrawFn) -> str:
    texts = []
    for number in range(draw(st.integers(1, 8))):
        target = draw(st.sampled_from(("Modality", "BodyPartExamined", "StudyID")))
        value = draw(st.sampled_from(VALUES[:3]))
        texts.append(f'rule r{number} {{ {draw(guards())} set {target} = "{value}" override }}')
    arms = [f"  {guard} => d{number}" for number, guard in enumerate(draw(st.lists(guards().filter(bool), max_size=4)))]
    how = draw(st.sampled_from(("first", "every")))
    destinations = ", ".join(f"d{number}" for number in range(4))
    table = "\n".join((f"routes t {how} match {{", *arms, '  else => nowhere "none"', "}")) if arms else ""
    malformed = draw(st.sampled_from(("", 'settings { malformed => quarantine "malformed" }')))
    return "\n".join(("language 1", malformed, f"expects destinations {destinations}", *texts, table))


@settings(max_examples=150, deadline=None)
@given(rules(), st.sampled_from((*VALUES, "CT\\MR", "C\u0041")), st.sampled_from(VALUES))
def test_what_is_passed_over_unasked_would_not_have_fired(text: str, modality: str, part: str) -> None:
    loaded = load(["x.rules"], lambda _: text)
    if loaded.program is None:
        return
    engine = Engine(loaded.program)
    arrived = envelope(encode(dataset(Modality=modality.split("\\"), BodyPartExamined=part)))
    for _ in range(2):
        quick, asked = engine.decide(arrived), engine.decide(arrived, explain=True)
        assert isinstance(quick, Decision)
        assert isinstance(asked, Decision)
        assert quick.hits == tuple(hit for hit in asked.hits if hit.matched or hit in quick.hits)
        assert (quick.verdict, quick.variants, quick.reasons) == (asked.verdict, asked.variants, asked.reasons)
