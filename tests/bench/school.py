"""A school district as messages: 1,250 people, 125 rooms and 10,000 memberships for each school, 20,000, 2,000 and
160,000 for sixteen of them.

Everybody is in eight rooms. A pupil is in those of the school, of the lower or upper half of it, of the year, the
class (29 pupils) and four courses (some 70 people); a teacher in those of school, teachers, half and year, and a
moderator in those of the year, of a class and of three courses. Rooms have 10 to 1,250 members.

People come school by school and year by year, so a part of a district is a smaller one: the first half of a school is
its lower half, with half of the rooms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab.message import add_user, room

YEARS = 10  # of a school
TEACHERS, PUPILS = 9, 116  # of a year
CLASSES, COURSES = 4, 7  # of a year
COURSES_OF_A_TEACHER, COURSES_OF_A_PUPIL = 3, 4

SCHOOL = YEARS * (TEACHERS + PUPILS)  # people


@dataclass(frozen=True)
class Year:
    """One of the years of one of the schools, and the rooms that its people may be in."""

    school: int
    number: int

    def of_school(self, name: str) -> dict[str, Any]:
        return room(f"{self.school}-{name}", f"School {self.school}, {name}", type="news")

    def half(self) -> dict[str, Any]:
        return self.of_school("lower" if self.number < YEARS // 2 else "upper")

    def own(self, name: str, moderator: bool, kind: str = "team") -> dict[str, Any]:
        return room(f"{self.school}-{self.number}-{name}", f"School {self.school}, year {self.number}, {name}",
                    type=kind, bidirectional=True, is_moderator=moderator)

    def courses(self, first: int, count: int, moderator: bool) -> list[dict[str, Any]]:
        return [self.own(f"course-{(first + i) % COURSES}", moderator, "course") for i in range(count)]


def messages(users: int, server_name: str, welcome: str | None = None) -> list[dict[str, Any]]:
    """An addUser for each of the first so many people of a district."""
    schools = range((users + SCHOOL - 1) // SCHOOL)
    people = [person for school in schools for number in range(YEARS) for person in _people(Year(school, number))]
    return [add_user(f"@{name}:{server_name}", *rooms, name=f"Person {name}", welcome=welcome)
            for name, rooms in people[:users]]


def count(sent: list[dict[str, Any]]) -> tuple[int, int]:
    """How many rooms and memberships these messages ask for."""
    memberships = [one["id"] for message in sent for one in message["rooms"]]
    return len(set(memberships)), len(memberships)


def _people(year: Year) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for i in range(TEACHERS):
        yield f"teacher-{year.school}-{year.number}-{i}", _rooms_of_teacher(year, i)
    for i in range(PUPILS):
        yield f"pupil-{year.school}-{year.number}-{i}", _rooms_of_pupil(year, i)


def _rooms_of_teacher(year: Year, i: int) -> list[dict[str, Any]]:
    """The first of each year is one of the heads, and has one course less."""
    heads = [year.of_school("heads")] if i == 0 else []
    return [year.of_school("news"), year.of_school("teachers"), year.half(), *heads, year.own("all", True),
            year.own(f"class-{i % CLASSES}", True), *year.courses(i, COURSES_OF_A_TEACHER - len(heads), True)]


def _rooms_of_pupil(year: Year, i: int) -> list[dict[str, Any]]:
    return [year.of_school("news"), year.half(), year.own("all", False),
            year.own(f"class-{i * CLASSES // PUPILS}", False), *year.courses(i, COURSES_OF_A_PUPIL, False)]
