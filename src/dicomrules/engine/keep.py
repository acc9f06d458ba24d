"""`keep only`: everything else of the data set, or of the item inside `within`, goes (S37).

What an image is measured, placed and read by stays, too. Functional groups hold that and much else: nobody can tell
whether they are to stay or to go, so an object that has them and a list that does not name them is kept for a person.
"""

from collections.abc import Callable
from dataclasses import replace

from dicomrules.dicom.measured import ALWAYS, FRAMES, MEASURED
from dicomrules.dicom.tags import block_of, creator_tag, is_group_length, keyword_of
from dicomrules.engine.bulk import remove
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Scope
from dicomrules.engine.private import reserves
from dicomrules.engine.run import Run
from dicomrules.engine.select import selecting
from dicomrules.program.statement import KeepOnly
from dicomrules.program.verdict import Stop

Act = Callable[[Run], None]


def keeping(scope: Scope, statement: KeepOnly) -> Act:
    """What carries out `keep only`."""
    excepted = statement.targets.excepted
    selected, sparing = selecting(scope, statement.targets), selecting(scope, excepted)
    naming = selecting(scope, None if excepted is None else replace(excepted, sets=()))
    plan = scope.plan

    def act(run: Run) -> None:
        spot, kept, left_out, named_out = run.here, selected(run), sparing(run), naming(run)
        dataset = spot.dataset
        tags = [tag for tag in dataset.tags() if not is_group_length(tag)]

        def remains(tag: int) -> bool:
            at = (dataset, tag, dataset.vr(tag))
            if tag in ALWAYS or (kept(*at) and not left_out(*at)):
                return True
            if tag not in MEASURED or named_out(*at):
                return False
            if tag in FRAMES:
                raise Halt(Stop("quarantine", f"`keep only` does not name {keyword_of(tag)}"))
            return True

        stays = {tag for tag in tags if remains(tag)}
        stays |= {creator_tag(tag >> 16, block) for tag in stays if (block := block_of(tag)) is not None}
        for tag in tags:
            if tag not in stays and tag in dataset and not reserves(dataset, tag):
                remove(run, spot, tag)
        plan.forget_all(run)

    return act
