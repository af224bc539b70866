"""Who is taken for the one who does a task: by the frame of the line, by the document."""

from __future__ import annotations

from typing import Any

import pytest


def _listed(read: Any, entry: str) -> tuple[str, str | None]:
    (task,) = read(f"## Next steps\n- {entry}\n")
    return task.title, task.data.get("assignee")


@pytest.mark.parametrize(
    ("entry", "title", "people"),
    [
        ("Demelza to ask the museum", "ask the museum", '["Demelza"]'),
        ("Odhran / Fitz to move the staging", "move the staging", '["Odhran", "Fitz"]'),
        ("BP to replace the hose", "replace the hose", '["BP"]'),
        ("Tevita: sign the lease", "sign the lease", '["Tevita"]'),
        ("Gülcan: Kuchenliste aushängen", "Kuchenliste aushängen", '["Gülcan"]'),
        ("Tiphaine : relancer la presse", "relancer la presse", '["Tiphaine"]'),
        ("Ezequiel: cambiar el aceite", "cambiar el aceite", '["Ezequiel"]'),
        ("Sign the lease (Tevita, by 24 July)", "Sign the lease", '["Tevita"]'),
        ("J. M. \u2013 probar el lente \u2013 13 de marzo", "probar el lente", '["J. M."]'),
        ("Mme d'Aboville \u2013 affiches \u2013 17 mars", "affiches", '["Mme d\'Aboville"]'),
        ("14 lits, Béchir, 20 février", "14 lits", '["Béchir"]'),
        ("Jelte → rotate the keys", "rotate the keys", '["Jelte"]'),
        ("Hauke druckt die Spielpläne", "druckt die Spielpläne", '["Hauke"]'),
        ("Sainhoa llevará las cajas", "llevar las cajas", '["Sainhoa"]'),
        ("Mary Ann van der Berg to pay", "pay", '["Mary Ann van der Berg"]'),
    ],
)
def test_the_frame_shows_the_person(read: Any, entry: str, title: str, people: str) -> None:
    assert _listed(read, entry) == (title, people)


@pytest.mark.parametrize(
    "entry",
    [
        "Kitchen: order the sink",
        "Alerts: mute the noisy ones",
        "Beleuchtung: Filter nachkaufen",
        "Toiture : resserrer les vis",
        "Luz: dar de baja",
        "Letter to parents",
        "Hecke muss geschnitten werden",
        "Budget: 300",
        "Milk (Lidl)",
    ],
)
def test_a_topic_is_nobody(read: Any, entry: str) -> None:
    assert _listed(read, entry) == (entry, None)


def test_a_checkbox_alone_asks_for_no_person_before_a_colon(read: Any) -> None:
    (task,) = read("- [ ] Brightwater: chase the number\n")
    assert task.data.get("assignee") is None


def test_an_office_is_cut_and_nobody_by_name(read: Any) -> None:
    assert _listed(read, "treasurer — chase late payers") == ("chase late payers", None)
    assert _listed(read, "the caretaker must open the gate") == ("open the gate", None)


@pytest.mark.parametrize(
    "evidence",
    [
        "In attendance: Ytheria, Quorn",
        "Besetzung: Ytheria, Quorn",
        "## Present\n- Ytheria (chair)\n- Quorn",
        "Ytheria says that it rains.",
        "Thanks to Ytheria for the cake.",
        "# Handover Quorn → Ytheria",
        "| What | Who |\n|---|---|\n| Cups | Ytheria |",
    ],
)
def test_the_document_shows_who_its_people_are(read: Any, evidence: str) -> None:
    tasks = read(f"{evidence}\n\n## Next steps\n\n- cups (Ytheria)\n- Ytheria: biscuits\n")
    assert [task.data["assignee"] for task in tasks][-2:] == ['["Ytheria"]', '["Ytheria"]']


@pytest.mark.parametrize(
    ("entry", "title", "people"),
    [
        ("Angebot einholen - verantw. Svetlana", "Angebot einholen", '["Svetlana"]'),
        ("commander le mobilier, **resp. : Aurore**", "commander le mobilier", '["Aurore"]'),
        ("door binds -- Gintaras, Friday", "door binds", '["Gintaras"]'),
        ("Meenal & Ben: ADR for keys", "ADR for keys", '["Meenal", "Ben"]'),
        ("new match balls, Dinesh", "new match balls", '["Dinesh"]'),
        ("cake table: Ana", "cake table", '["Ana"]'),
        ("anzeige schreiben (aylin)", "anzeige schreiben", '["aylin"]'),
        ("Markise -> Ottokar, 24.11.", "Markise", '["Ottokar"]'),
        ("Abwasser prüfen (Fa. Rohr & Söhne)", "Abwasser prüfen", '["Fa. Rohr & Söhne"]'),
        ("book the minibus, ASAP", "book the minibus", None),
        ("invite Tom, Anna", "invite Tom, Anna", None),
        ("Call: Ana", "Call: Ana", None),
        ("ring the bank (max)", "ring the bank (max)", None),
    ],
)
def test_names_at_the_ends_of_an_entry(
    read: Any, entry: str, title: str, people: str | None
) -> None:
    (task,) = read(f"Action items:\n- {entry}\n")
    assert (task.title, task.data.get("assignee")) == (title, people)
