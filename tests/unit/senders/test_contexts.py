from dicomrules.model.exchange import PresentationContext
from dicomrules.senders.contexts import Form, Wishes, choose, is_refused_for_good, offer, refusal
from dicomrules.wire.associate import ContextResult

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
BIG = "1.2.840.10008.1.2.2"
JPEG = "1.2.840.10008.1.2.4.50"
DEFLATED = "1.2.840.10008.1.2.1.99"


def proposed(*forms: Form) -> list[tuple[int, str, tuple[str, ...]]]:
    return [(cx.id, cx.abstract_syntax, cx.transfer_syntaxes) for cx in offer(forms).contexts]


def test_an_object_in_a_plain_syntax_gets_its_own_context_and_one_with_both_plain_ones() -> None:
    assert proposed(Form(CT, IMPLICIT)) == [(1, CT, (IMPLICIT,)), (3, CT, (EXPLICIT, IMPLICIT))]


def test_a_compressed_or_deflated_object_gets_its_own_context_only() -> None:
    assert proposed(Form(CT, JPEG), Form(MR, DEFLATED)) == [(1, CT, (JPEG,)), (3, MR, (DEFLATED,))]


def test_the_context_with_both_plain_syntaxes_is_proposed_once_for_a_class() -> None:
    contexts = proposed(Form(CT, EXPLICIT), Form(CT, IMPLICIT), Form(CT, BIG), Form(CT, EXPLICIT))
    assert [syntaxes for _, _, syntaxes in contexts] == [(EXPLICIT,), (EXPLICIT, IMPLICIT), (IMPLICIT,), (BIG,)]


def test_at_most_128_contexts_with_odd_ids_are_proposed_first_come_first_served() -> None:
    forms = [Form(f"1.2.3.{n}", EXPLICIT) for n in range(100)]
    made = offer(forms)
    assert [cx.id for cx in made.contexts] == list(range(1, 257, 2))
    assert made.forms == frozenset(forms[:64])


def test_a_form_whose_contexts_do_not_fit_is_left_out_and_a_smaller_one_still_taken() -> None:
    made = offer([Form(CT, JPEG), Form(MR, EXPLICIT), Form(MR, JPEG)], most=2)
    assert made.forms == {Form(CT, JPEG), Form(MR, JPEG)}


def accepted(*pairs: tuple[str, str]) -> list[PresentationContext]:
    return [PresentationContext(2 * n + 1, *pair) for n, pair in enumerate(pairs)]


def test_an_object_goes_as_it_is_where_that_is_accepted() -> None:
    chosen = choose(accepted((CT, IMPLICIT), (CT, EXPLICIT), (MR, EXPLICIT)), Form(CT, EXPLICIT))
    assert chosen == PresentationContext(3, CT, EXPLICIT)


def test_an_object_is_converted_only_between_plain_syntaxes() -> None:
    assert choose(accepted((CT, IMPLICIT)), Form(CT, EXPLICIT)) == PresentationContext(1, CT, IMPLICIT)
    assert choose(accepted((CT, EXPLICIT)), Form(CT, IMPLICIT)) == PresentationContext(1, CT, EXPLICIT)
    assert choose(accepted((CT, IMPLICIT)), Form(CT, BIG)) == PresentationContext(1, CT, IMPLICIT)
    for syntax in (JPEG, DEFLATED):
        assert choose(accepted((CT, EXPLICIT), (CT, IMPLICIT)), Form(CT, syntax)) is None
    assert choose(accepted((CT, BIG)), Form(CT, EXPLICIT)) is None


def test_an_object_of_another_class_takes_no_context() -> None:
    assert choose(accepted((MR, EXPLICIT)), Form(CT, EXPLICIT)) is None


def test_a_refusal_names_what_was_offered_and_what_was_answered() -> None:
    made = offer([Form(CT, EXPLICIT), Form(MR, JPEG)])
    results = [ContextResult(1, 4), ContextResult(5, 3)]
    words = refusal(made.contexts, results, Form(CT, EXPLICIT))
    assert "CT Image Storage in Explicit VR Little Endian" in words
    assert "Explicit VR Little Endian: transfer syntaxes not supported" in words
    assert "Explicit VR Little Endian or Implicit VR Little Endian: no answer" in words
    assert "MR" not in words


def test_a_refusal_is_for_good_only_when_every_answer_says_not_supported() -> None:
    made = offer([Form(CT, EXPLICIT)])
    for first, second, expected in ((4, 4, True), (3, 3, True), (3, 2, False), (1, 1, False)):
        results = [ContextResult(1, first), ContextResult(3, second)]
        assert is_refused_for_good(made.contexts, results, Form(CT, EXPLICIT)) is expected
    assert not is_refused_for_good(made.contexts, [ContextResult(1, 3)], Form(CT, EXPLICIT))


def ways(form: Form, *order: str, listed: dict[str, tuple[str, ...] | None] | None = None) -> tuple[str, ...] | None:
    return Wishes(order, listed).ways(form)


def test_an_object_leaves_in_the_first_of_the_wished_transfer_syntaxes_that_it_can_have() -> None:
    assert ways(Form(CT, EXPLICIT), IMPLICIT, EXPLICIT, JPEG) == (IMPLICIT, EXPLICIT)
    assert ways(Form(CT, JPEG), IMPLICIT, EXPLICIT, JPEG) == (JPEG,)
    assert ways(Form(CT, BIG), IMPLICIT) == (IMPLICIT,)
    assert ways(Form(CT, JPEG), IMPLICIT) == ()
    assert ways(Form(CT, JPEG)) is None


def test_a_class_that_is_not_listed_does_not_leave() -> None:
    listed = {CT: (EXPLICIT, IMPLICIT), MR: None}
    assert ways(Form(CT, IMPLICIT), listed=listed) == (EXPLICIT, IMPLICIT)
    assert ways(Form(MR, JPEG), listed=listed) is None
    assert ways(Form("1.2.3", EXPLICIT), listed=listed) == ()


def test_where_class_and_destination_both_say_something_both_must_agree() -> None:
    listed = {CT: (EXPLICIT, JPEG), MR: None}
    assert ways(Form(CT, IMPLICIT), IMPLICIT, EXPLICIT, listed=listed) == (EXPLICIT,)
    assert ways(Form(CT, JPEG), IMPLICIT, EXPLICIT, listed=listed) == ()
    assert ways(Form(MR, IMPLICIT), IMPLICIT, EXPLICIT, listed=listed) == (IMPLICIT, EXPLICIT)


def test_wished_transfer_syntaxes_are_proposed_alone_and_chosen_in_their_order() -> None:
    wishes = Wishes((IMPLICIT, EXPLICIT))
    made = offer([Form(CT, EXPLICIT), Form(CT, JPEG)], wishes)
    assert [cx.transfer_syntaxes for cx in made.contexts] == [(IMPLICIT,), (EXPLICIT,)]
    assert made.forms == {Form(CT, EXPLICIT)}
    both = accepted((CT, EXPLICIT), (CT, IMPLICIT))
    assert choose(both, Form(CT, EXPLICIT), wishes) == PresentationContext(3, CT, IMPLICIT)
    assert choose(both[:1], Form(CT, EXPLICIT), wishes) == PresentationContext(1, CT, EXPLICIT)
