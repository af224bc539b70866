"""The words of the date grammar: months, weekdays, numbers, units, in four languages.

All keys are lower case. The patterns are pieces of regular expressions for `re.IGNORECASE`.
"""

from __future__ import annotations

_MONTHS = (
    "january jan januar jänner jän janvier janv enero ene",
    "february feb februar feber février fevrier févr fevr fév febrero",
    "march mar märz maerz mär mrz mars marzo",
    "april apr avril avr abril abr",
    "may mai mayo",
    "june jun juni juin junio",
    "july jul juli juillet juil julio",
    "august aug août aout agosto ago",
    "september sept sep septembre septiembre setiembre",
    "october oct oktober okt octobre octubre",
    "november nov novembre noviembre",
    "december dec dezember dez décembre decembre déc diciembre dic",
)
_WEEKDAYS = (
    "monday montag lundi lunes",
    "tuesday dienstag mardi martes",
    "wednesday mittwoch mercredi miércoles miercoles",
    "thursday donnerstag jeudi jueves",
    "friday freitag vendredi viernes",
    "saturday samstag sonnabend samedi sábado sabado",
    "sunday sonntag dimanche domingo",
)
_WEEKDAY_SHORTS = (
    "mon mo lun",
    "tue tues di mar",
    "wed weds mi mer mié mie",
    "thu thur thurs do jeu jue",
    "fri fr ven vie",
    "sat sa sam sáb sab",
    "sun so dim dom",
)
_NUMBERS = (
    "one a an ein eine einem einen einer un une uno una",
    "two zwei deux dos",
    "three drei trois tres",
    "four vier quatre cuatro",
    "five fünf cinq cinco",
    "six sechs seis",
    "seven sieben sept siete",
    "eight acht huit ocho",
    "nine neun neuf nueve",
    "ten zehn dix diez",
    "eleven elf onze once",
    "twelve zwölf douze doce",
)
_UNITS = {
    "day": "day days tag tage tagen jour jours día días dia dias",
    "business": "werktag werktage werktagen arbeitstag arbeitstage arbeitstagen",
    "week": "week weeks woche wochen semaine semaines semana semanas",
    "month": "month months monat monate monaten mois mes meses",
    "quarter": "quarter quartal quartals trimestre",
    "year": "year years jahr jahre jahren jahres an ans année années annee año años",
}


def _numbered(rows: tuple[str, ...], first: int) -> dict[str, int]:
    return {word: number for number, row in enumerate(rows, first) for word in row.split()}


MONTHS = _numbered(_MONTHS, 1)
WEEKDAYS = _numbered(_WEEKDAYS, 0)
WEEKDAY_SHORTS = _numbered(_WEEKDAY_SHORTS, 0)
NUMBERS = _numbered(_NUMBERS, 1)
UNITS = {word: unit for unit, words in _UNITS.items() for word in words.split()}
UNITS |= {"monats": "month", "mois": "month"}

DAY_WORDS = {
    "today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1,
    "heute": 0, "morgen": 1, "übermorgen": 2, "gestern": -1, "vorgestern": -2,
    "demain": 1, "hier": -1,
    "hoy": 0, "mañana": 1, "ayer": -1, "anteayer": -2,
}  # fmt: skip
PARTS_OF_DAY = "früh|morgen|vormittag|mittag|nachmittag|abend|nacht"

DATE_PREPOSITIONS = frozenset(
    "on by until till before due from since am bis zum vom ab den der dem seit vor fällig "
    "le au avant pour depuis du d'ici jusqu'au el al para antes hasta desde "
    "deadline frist termin spätestens échéance echeance tard vence vencimiento plazo límite".split()
)
RECURRENCES = frozenset("every each jeden jede jeder chaque les tous cada los todos".split())


def any_of(words: dict[str, int] | dict[str, str]) -> str:
    """A pattern of the words, the longer ones first."""
    return "|".join(sorted(words, key=len, reverse=True))


MONTH = rf"(?:{any_of(MONTHS)})(?![^\W\d_])\.?"
WEEKDAY = rf"(?:{any_of(WEEKDAYS)})(?![^\W\d_])"
WEEKDAY_SHORT = rf"(?:{any_of(WEEKDAY_SHORTS)})(?![^\W\d_])"
NUMBER = rf"(?:\d{{1,3}}|{any_of(NUMBERS)})(?![^\W_])"
UNIT = rf"(?:{any_of(UNITS)})(?![^\W_])"
