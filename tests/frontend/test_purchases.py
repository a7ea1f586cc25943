"""What a buyer asks for is checked field by field."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.purchases import FieldError, UnreadablePurchaseError, is_order_id, read_form, read_json
from functions.orders import contract

FORM = {
    "order_id": "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11",
    "quantity-stalls": "2",
    "quantity-balcony": "0",
    "name": "  Ada Lovelace ",
    "email": "Ada@EXAMPLE.com",
    "expected_total": "5000",
}
JSON = {
    "show": "spring-gala",
    "lines": [{"ticket_type": "stalls", "quantity": 2}],
    "name": "Ada Lovelace",
    "email": "ada@example.com",
}


def form_errors(**changes: str) -> list[tuple[str, str]]:
    answer = read_form(
        "spring-gala",
        {
            **FORM,
            **{name.replace("_", "-", 1) if "quantity" in name else name: value for name, value in changes.items()},
        },
    )
    assert isinstance(answer, tuple)
    return [(error.field, error.code) for error in answer]


def json_errors(**changes: object) -> list[tuple[str, str]]:
    answer = read_json(msgspec.json.encode({**JSON, **changes}))
    assert isinstance(answer, tuple)
    return [(error.field, error.code) for error in answer]


def test_a_form_becomes_the_command() -> None:
    assert read_form("spring-gala", FORM) == contract.PlaceOrder(
        show="spring-gala",
        lines=(contract.OrderLine("stalls", 2),),
        name="Ada Lovelace",
        email="Ada@example.com",
        expected_total=5000,
    )


def test_json_becomes_the_same_command() -> None:
    asked = {**JSON, "name": FORM["name"], "email": FORM["email"], "expected_total": 5000}
    assert read_json(msgspec.json.encode(asked)) == read_form("spring-gala", FORM)


def test_the_expected_total_may_be_left_out() -> None:
    for answer in (read_json(msgspec.json.encode(JSON)), read_form("spring-gala", {**FORM, "expected_total": ""})):
        assert isinstance(answer, contract.PlaceOrder)
        assert answer.expected_total is None


def test_every_error_is_told_at_once() -> None:
    assert read_form("Spring Gala", {"quantity-stalls": "", "email": "x", "expected_total": "?"}) == (
        FieldError("show", "bad_show"),
        FieldError("lines", "no_tickets"),
        FieldError("name", "required"),
        FieldError("email", "bad_email"),
        FieldError("expected_total", "bad_total"),
    )


@pytest.mark.parametrize("quantity", ["101", "-1", "1.5", "two", "2e1", "٢", "²", "+1", "99999999999999999999"])
def test_a_quantity_is_a_number_from_1_to_100(quantity: str) -> None:
    assert form_errors(quantity_stalls=quantity) == [("quantity-stalls", "bad_quantity")]


@pytest.mark.parametrize("quantity", [" 2 ", "02", "100", "1"])
def test_a_quantity_may_be_written_as_people_do(quantity: str) -> None:
    assert isinstance(read_form("spring-gala", {**FORM, "quantity-stalls": quantity}), contract.PlaceOrder)


@pytest.mark.parametrize("quantity", [0, -1, 101, 2**64 - 1])
def test_in_json_a_line_of_no_tickets_is_an_error(quantity: int) -> None:
    lines = [{"ticket_type": "stalls", "quantity": 1}, {"ticket_type": "balcony", "quantity": quantity}]
    assert json_errors(lines=lines) == [("lines[1].quantity", "bad_quantity")]


def test_lines_are_few_and_name_each_ticket_type_once() -> None:
    line = {"ticket_type": "stalls", "quantity": 1}
    assert json_errors(lines=[]) == [("lines", "no_tickets")]
    assert json_errors(lines=[line, line]) == [("lines[1].quantity", "duplicate")]
    assert json_errors(lines=[{**line, "ticket_type": "Best Seats"}]) == [("lines[0].quantity", "bad_ticket_type")]
    many = [{"ticket_type": f"type-{number}", "quantity": 1} for number in range(21)]
    assert json_errors(lines=many) == [("lines", "too_many")]
    assert isinstance(read_json(msgspec.json.encode({**JSON, "lines": many[:20]})), contract.PlaceOrder)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "required"),
        (" \u00a0\u3000", "required"),
        ("a" * 201, "too_long"),
        ("Ada\nLovelace", "bad_characters"),
        ("Ada\x00", "bad_characters"),
        ("Ada\x9b", "bad_characters"),
        ("Ada\u2028Lovelace", "bad_characters"),
        ("Ada \u202eevil", "bad_characters"),
    ],
)
def test_a_name_is_one_short_line(name: str, code: str) -> None:
    assert form_errors(name=name) == [("name", code)]


@pytest.mark.parametrize("name", ["X Æ A-12", "نیلوفر‌جان", "李小龍", "O'Neill <script>", "👩‍👩‍👧", "a" * 200])
def test_names_are_as_people_have_them(name: str) -> None:
    answer = read_form("spring-gala", {**FORM, "name": name})
    assert isinstance(answer, contract.PlaceOrder)
    assert answer.name == name


def test_two_spellings_of_one_name_are_one_purchase() -> None:
    one, other = (read_form("spring-gala", {**FORM, "name": name}) for name in ("Zoe\u0308", "Zo\u00eb"))
    assert isinstance(one, contract.PlaceOrder)
    assert isinstance(other, contract.PlaceOrder)
    assert contract.fingerprint(one) == contract.fingerprint(other)


@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("", "required"),
        ("ada", "bad_email"),
        ("ada@", "bad_email"),
        ("@example.com", "bad_email"),
        ("ada@example", "bad_email"),
        ("ada@localhost", "bad_email"),
        ("ada@@example.com", "bad_email"),
        ("ada lovelace@example.com", "bad_email"),
        ('"ada x"@example.com', "bad_email"),
        ("ada@[127.0.0.1]", "bad_email"),
        ("Ada <ada@example.com>", "bad_email"),
        ("ada@example.com\n", None),
        ("ada@exam\nple.com", "bad_characters"),
        ("ada@" + "e" * 300 + ".com", "too_long"),
    ],
)
def test_an_address_is_checked_for_its_syntax(email: str, code: str | None) -> None:
    if code is None:
        assert isinstance(read_form("spring-gala", {**FORM, "email": email}), contract.PlaceOrder)
    else:
        assert form_errors(email=email) == [("email", code)]


@pytest.mark.parametrize("email", ["ada@example.com", "ada+tickets@example.co.uk", "ada@shop.test", "josé@españa.es"])
def test_addresses_are_as_people_have_them_and_no_name_server_is_asked(email: str) -> None:
    assert isinstance(read_form("spring-gala", {**FORM, "email": email}), contract.PlaceOrder)


@pytest.mark.parametrize("total", ["-1", "1000000001", "12.50", "x"])
def test_a_total_is_a_number_of_minor_units(total: str) -> None:
    assert form_errors(expected_total=total) == [("expected_total", "bad_total")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is not JSON."),
        (b"\xff", "The body is not JSON."),
        (b"{" * 100_000, "The body is not JSON."),
        (b"[" * 100_000, "Expected `object`, got `array`."),
        (b"null", "Expected `object`, got `null`."),
        (b"{}", "Object missing required field `show`."),
        (b'{"secret-of-the-sender": 1}', "There is a field that is not known."),
        (
            msgspec.json.encode({**JSON, "lines": [{"ticket_type": "a"}]}),
            "Object missing required field `quantity` - at `$.lines[0]`.",
        ),
        (
            msgspec.json.encode({**JSON, "lines": [{"ticket_type": "a", "quantity": "2"}]}),
            "Expected `int`, got `str` - at `$.lines[0].quantity`.",
        ),
    ],
)
def test_what_can_not_be_read_is_said_without_quoting_it(body: bytes, message: str) -> None:
    with pytest.raises(UnreadablePurchaseError) as caught:
        read_json(body)
    assert str(caught.value) == message


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        read_json(body)
    except UnreadablePurchaseError:
        return


VALUES = (
    st.none() | st.text(max_size=20) | st.integers() | st.sampled_from(["spring-gala", "ada@example.com", "stalls"])
)
LINES = st.lists(st.fixed_dictionaries({"ticket_type": VALUES, "quantity": VALUES | st.integers(1, 5)}), max_size=3)


@given(
    st.fixed_dictionaries({"show": VALUES, "lines": LINES, "name": VALUES, "email": VALUES, "expected_total": VALUES})
)
def test_what_is_accepted_is_always_a_command_of_the_contract(asked: dict[str, object]) -> None:
    """The function refuses with 400 what its contract doesn't allow, and that is an alarm: nothing such may pass."""
    try:
        order = read_json(msgspec.json.encode(asked))
    except UnreadablePurchaseError:
        return
    if isinstance(order, contract.PlaceOrder):
        assert msgspec.json.decode(msgspec.json.encode(order), type=contract.PlaceOrder) == order


@given(st.text(max_size=210), st.text(max_size=30).map(lambda local: f"{local}@example.com"))
def test_any_name_and_address_that_pass_a_form_pass_the_contract(name: str, email: str) -> None:
    order = read_form("spring-gala", {**FORM, "name": name, "email": email})
    if isinstance(order, contract.PlaceOrder):
        assert msgspec.json.decode(msgspec.json.encode(order), type=contract.PlaceOrder) == order


def test_an_order_id_is_a_uuid_in_lower_case() -> None:
    assert is_order_id("6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11")
    for other in (
        "",
        "x",
        "6F1C1F7E-0C4E-4D0C-9A52-4F6D2F0B7A11",
        "6f1c1f7e0c4e4d0c9a524f6d2f0b7a11",
        FORM["order_id"] + "\n",
    ):
        assert not is_order_id(other)
