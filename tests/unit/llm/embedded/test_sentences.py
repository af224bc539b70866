"""Commitments in running text, and what only looks like one."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("text", "title", "people"),
    [
        ("Ben will send the report by Friday.", "Send the report", '["Ben"]'),
        ("Ben must send the report before Friday.", "Send the report", '["Ben"]'),
        ("Ben needs to send the report by Friday.", "Send the report", '["Ben"]'),
        ("Ana to send the report by Friday", "Send the report", '["Ana"]'),
        ("By Friday, Ben will send the report.", "Send the report", '["Ben"]'),
        ("We agreed that Ben will send the report by Friday.", "Send the report", '["Ben"]'),
        ("Dr. Weber will send the report by Friday.", "Send the report", '["Dr. Weber"]'),
        ("Ana and Ben will send the report by Friday.", "Send the report", '["Ana", "Ben"]'),
        ("Mary Ann van der Berg will send it by Friday.", "Send it", '["Mary Ann van der Berg"]'),
        ("No doubt Ben will send the report by Friday.", "Send the report", '["Ben"]'),
        ("The treasurer will send the report by Friday.", "Send the report", None),
        ("Die Hausmeisterin muss bis Freitag den Bericht schicken.", "Den Bericht schicken", None),
        ("La trésorière enverra le rapport avant vendredi.", "Envoyer le rapport", None),
        ("El concejal va a enviar el informe antes del viernes.", "Enviar el informe", None),
        (
            "M. N'Diaye doit envoyer le rapport avant vendredi.",
            "Envoyer le rapport",
            '["M. N\'Diaye"]',
        ),
        (
            "Anna und Gernot müssen bis Freitag den Bericht schicken.",
            "Den Bericht schicken",
            '["Anna", "Gernot"]',
        ),
        ("Bis Freitag soll Gernot den Bericht schicken.", "Den Bericht schicken", '["Gernot"]'),
        (
            "Im November muss Ben bis Freitag den Bericht schicken.",
            "Den Bericht schicken",
            '["Ben"]',
        ),
        ("Ben muss den Bericht bis Freitag schicken.", "Den Bericht schicken", '["Ben"]'),
        ("Ben soll bis Freitag den Bericht schicken.", "Den Bericht schicken", '["Ben"]'),
        ("Bis Freitag wird Ben den Bericht schicken.", "Den Bericht schicken", '["Ben"]'),
        ("Marie doit envoyer le rapport d'ici vendredi.", "Envoyer le rapport", '["Marie"]'),
        ("Marie va envoyer le rapport avant vendredi.", "Envoyer le rapport", '["Marie"]'),
        ("Marie enverra le rapport avant vendredi.", "Envoyer le rapport", '["Marie"]'),
        ("Lucía debe enviar el informe antes del viernes.", "Enviar el informe", '["Lucía"]'),
        ("Lucía tiene que enviar el informe para el viernes.", "Enviar el informe", '["Lucía"]'),
        ("Lucía enviará el informe antes del viernes.", "Enviar el informe", '["Lucía"]'),
        ("I need to send the report by Friday.", "Send the report", None),
        ("Please send the report by Friday.", "Send the report", None),
        ("Bitte bis Freitag den Bericht schicken.", "Den Bericht schicken", None),
    ],
)
def test_a_commitment_with_a_deadline(read: Any, text: str, title: str, people: str | None) -> None:
    (task,) = read(f"We met today. {text}", "a.txt")
    assert (task.title, task.data.get("assignee"), task.when) == (title, people, "2026-11-20")


@pytest.mark.parametrize(
    "text",
    [
        "Ana sent the contract by Friday.",
        "Ana had to send the contract by Friday.",
        "Ana was going to send the contract by Friday.",
        "Ben will not call Ana by Friday.",
        "Ben won't call Ana by Friday.",
        "Ben will never finish by Friday.",
        "Will Ben send the contract by Friday?",
        "Should we send the contract by Friday?",
        "If Ana agrees, Ben will send the contract by Friday.",
        "Ana could send the contract by Friday.",
        "Ana might have sent the contract by Friday.",
        "Ben will be in Paris by Friday.",
        "Ben will send the contract.",
        "I doubt that Ben will send the contract by Friday.",
        "Ben will hardly send the contract by Friday.",
        "It is unlikely that Ben will send the contract by Friday.",
        "Neither Ana will pay by Friday nor will Ben sign by Monday.",
        "Weder wird Ana bis Freitag zahlen noch wird Ben bis Montag mahnen.",
        "Ni Ana va a pagar antes del viernes ni Ben va a firmar antes del lunes.",
        "Je doute que Marie doive payer avant vendredi.",
        "Prices will rise by 2027-01-01.",
        "The council will mend the road by Friday.",
        "The secretary will write to all members by 31 January of each year.",
        "Der Kassenwart muss bis 31. März jeden Jahres die Bücher prüfen.",
        "The company said it will open three stores by December 2027.",
        "The sun will rise by 6:00 tomorrow.",
        "Lena hat den Vertrag bis Freitag geprüft.",
        "Lena musste den Vertrag bis Freitag prüfen.",
        "Lena wird den Vertrag nicht bis Freitag prüfen.",
        "Wenn Lena kommt, wird Jonas bis Freitag liefern.",
        "Lena könnte den Vertrag bis Freitag prüfen.",
        "Lena wird bis Freitag im Urlaub sein.",
        "Marie a envoyé le contrat avant vendredi.",
        "Marie ne va pas envoyer le contrat avant vendredi.",
        "Marie devrait envoyer le contrat avant vendredi.",
        "Lucía envió el contrato antes del viernes.",
        "Lucía no va a enviar el contrato antes del viernes.",
        "Lucía podría enviar el contrato antes del viernes.",
    ],
)
def test_what_is_told_denied_asked_or_supposed(read: Any, text: str) -> None:
    assert read(f"{text} That is all there is to say.", "a.txt") == []


def test_two_people_in_one_sentence(read: Any) -> None:
    tasks = read("Ana will send it by Friday and Ben will print it by Monday. Fine.", "a.txt")
    assert [(t.title, t.when) for t in tasks] == [
        ("Send it", "2026-11-20"), ("Print it", "2026-11-23"),
    ]  # fmt: skip


def test_a_stranger_counts_where_the_sentence_is_a_line(read: Any) -> None:
    (task,) = read("- Ytheria will send it by Friday\n")
    assert task.data["assignee"] == '["Ytheria"]'
    assert read("It was late. Ytheria will send it by Friday. We went.", "a.txt") == []


def test_a_sentence_over_two_lines_is_quoted_whole(read: Any) -> None:
    text = "After a long discussion about the supplier Ben will send the\ncontract by Friday.\n"
    (task,) = read(text, "a.txt")
    assert task.title == "Send the contract"
    assert "\n" in task.quote


def test_an_ordinal_day_does_not_end_the_sentence(read: Any) -> None:
    (task,) = read("Ben muss bis 3. Dezember den Bericht schicken. Gut.", "a.txt")
    assert (task.title, task.when) == ("Den Bericht schicken", "2026-12-03")


@pytest.mark.parametrize(
    "line",
    [
        "Users should update by Friday.",
        "Support will end by Friday.",
        "Prices will rise by Friday.",
    ],
)
def test_what_many_or_things_do_is_no_commitment(read: Any, line: str) -> None:
    assert read(f"{line}\n", "a.txt") == []


def test_a_day_is_not_the_subject(read: Any) -> None:
    (task,) = read("Bis 10. April muss Hans die Liste schicken.", "a.txt")
    assert (task.title, task.data["assignee"]) == ("Die Liste schicken", '["Hans"]')
    (task,) = read("By 10 April, Bob will send the list.", "a.txt")
    assert (task.title, task.data["assignee"]) == ("Send the list", '["Bob"]')


def test_someone_and_i(read: Any) -> None:
    text = (
        "From: Ana Roth <ana@roth.example>\nDate: Wed, 18 Nov 2026 09:00:00 +0100\n\n"
        "Ben and I will pay it by Friday.\n"
    )
    (task,) = read(text, "a.eml")
    assert task.data["assignee"] == '["Ben", "Ana Roth"]'


def test_a_stranger_in_the_second_clause(read: Any) -> None:
    text = "Tjark wird bis Freitag den Saal mieten und Silja wird bis Montag die Kasse holen.\n"
    assert [(t.title, t.data["assignee"], t.when) for t in read(text, "a.txt")] == [
        ("Den Saal mieten", '["Tjark"]', "2026-11-20"),
        ("Die Kasse holen", '["Silja"]', "2026-11-23"),
    ]


@pytest.mark.parametrize(
    ("text", "title", "people"),
    [
        ("Could you send me the plan by Friday?", "Send me the plan", None),
        ("Ben, could you bring the box by Friday?", "Bring the box", '["Ben"]'),
        ("Könntest du bitte bis Freitag den Plan schicken, Egon?", "Den Plan schicken", '["Egon"]'),
        ("Ana, pourrais-tu prendre le car avant vendredi ?", "Prendre le car", '["Ana"]'),
        ("Ben to pay the bin charge by Friday ok?", "Pay the bin charge", '["Ben"]'),
        ("Inès s'occupe de l'affiche d'ici vendredi", "L'affiche", '["Inès"]'),
        ("Vicent las tiene que devolver antes del viernes.", "Devolver", '["Vicent"]'),
    ],
)  # fmt: skip
def test_requests_in_form_of_a_question(
    read: Any, text: str, title: str, people: str | None
) -> None:
    (task,) = read(f"{text}\n", "a.txt")
    assert (task.title, task.data.get("assignee"), task.when) == (title, people, "2026-11-20")


@pytest.mark.parametrize(
    "text",
    [
        "Could you make it by Friday?",
        "Can you come before Friday?",
        "Would you believe it will be over by Friday?",
        "Puede enviar el contrato antes del viernes.",
        "Could you read a lesson?",
    ],
)
def test_questions_that_only_ask(read: Any, text: str) -> None:
    assert read(f"{text}\n", "a.txt") == []
