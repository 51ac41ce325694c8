"""The complaint desks of the sandbox channel: buyers complain there as they would at WeChat Pay or at Alipay.

Paths, fields and states are those of `merchant-service/complaints-v2` and of `alipay.merchant.tradecomplain`; what a
buyer can do stands on the channel's front page. It knows nothing of the mall but the addresses of its charges.
"""

import re
import secrets
import sqlite3
import time
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

CHINA = timezone(timedelta(hours=8))
WECHAT_HOME, ALIPAY_HOME = "/v3/merchant-service/complaints-v2", "/v3/alipay/merchant/tradecomplain"
ROADS = ("wechat", "alipay")
LADDER = (1, 2, 5, 15, 30, 60, 180, 600, 1800, 3600, 3600, 10800)

SCHEMA = """
create table if not exists complaint (
  number text primary key, road text not null, charge text not null, txn text not null, amount integer not null,
  text text not null, demand text not null, asked integer not null, phone text not null, state text not null,
  times integer not null default 1, made_at real not null, notify_url text not null);
create table if not exists said (
  id integer primary key, number text not null references complaint, who text not null, what text not null,
  text text not null default '', key text not null default '', refund text not null default '',
  amount integer not null default 0, at real not null);
create unique index if not exists said_once on said (number, what, key) where key <> '';
create table if not exists nudge (
  event text primary key, number text not null references complaint, action text not null,
  told integer not null default 0, tries integer not null default 0, next_at real not null);
"""

#: How each road calls a complaint that waits for the mall, one that is worked on, one that is done, one taken back.
STATES = {
    "wechat": {"new": "PENDING", "said": "PROCESSING", "done": "PROCESSED", "taken_back": "PROCESSED"},
    "alipay": {
        "new": "MERCHANT_PROCESSING",
        "said": "MERCHANT_PROCESSING",
        "done": "MERCHANT_FEEDBACKED",
        "taken_back": "CANCELLED",
    },
}

Answer = tuple[int, dict[str, Any]]
OK: dict[str, Any] = {"code": "SUCCESS"}


class Complaints:
    """The desks' half of the channel's books. `mood` and notices are the channel's."""

    # What a buyer does there

    def complain(self: Any, txn: str, *, road: str, text: str, demand: str = "申请退款", asked: int = 0) -> str:
        """The buyer complains of a charge; returns the desk's number, or nothing if there is no such charge."""
        paid = self.row(
            "select p.*, c.notify_url from paid p join charge c on c.number = p.number where p.txn = ?", txn
        )
        if paid is None or road not in ROADS:
            return ""
        number = f"{time.strftime('2000000%Y%m%d')}{secrets.randbelow(10**9):09}"
        home = urlsplit(paid["notify_url"])
        notify = f"{home.scheme}://{home.netloc}/pay/{road}/complaints/"
        with self.writing() as database:
            database.execute(
                "insert into complaint (number, road, charge, txn, amount, text, demand, asked, phone, state, made_at,"
                " notify_url) values (?, ?, ?, ?, ?, ?, ?, ?, '13800138000', ?, ?, ?)",
                [
                    *(number, road, paid["number"], txn, paid["amount"], text[:2000], demand[:200]),
                    *(asked or paid["amount"], STATES[road]["new"], time.time(), notify),
                ],
            )
            _nudge(database, number, "CREATE_COMPLAINT")
        self.waking.set()
        return number

    def complain_again(self: Any, number: str, text: str) -> None:
        """The buyer is not content with the answer: the mall is to act again."""
        self._note(number, "user", "CONTINUE_COMPLAINT", text=text, state="new", times=1)

    def take_back(self: Any, number: str) -> None:
        """The buyer takes the complaint back."""
        self._note(number, "user", "USER_CANCEL_COMPLAINT", state="taken_back")

    def pay_back_by_staff(self: Any, number: str, amount: int = 0) -> str:
        """The channel's own staff pays the buyer back, without asking the mall; returns the number of the refund."""
        found = self.row("select * from complaint where number = ?", number)
        if found is None:
            return ""
        back = self.row(
            "select coalesce(sum(amount), 0) as sum from refund where txn = ? and state = 'done'", found["txn"]
        )
        amount = min(amount or found["asked"], found["amount"] - (back["sum"] if back else 0))
        if amount <= 0:
            return ""
        reference = f"5030{secrets.randbelow(10**14):014}"
        with self.writing() as database:
            database.execute(
                "insert into refund (number, txn, amount, state, done_at) values (?, ?, ?, 'done', ?)",
                [reference, found["txn"], amount, time.time()],
            )
        self._note(number, "platform", "PLATFORM_REFUND", refund=reference, amount=amount)
        return reference

    def _note(
        self: Any,
        number: str,
        who: str,
        what: str,
        *,
        text: str = "",
        key: str = "",
        state: str = "",
        times: int = 0,
        refund: str = "",
        amount: int = 0,
    ) -> None:
        found = self.row("select * from complaint where number = ?", number)
        if found is None:
            return
        with self.writing() as database:
            database.execute(
                "insert or ignore into said (number, who, what, text, key, refund, amount, at)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                [number, who, what, text, key, refund, amount, time.time()],
            )
            database.execute(
                "update complaint set state = ?, times = times + ? where number = ?",
                [STATES[found["road"]][state] if state else found["state"], times, number],
            )
            _nudge(database, number, what)
        self.waking.set()

    # What the mall asks

    def of_complaints(self: Any, method: str, path: str, told: dict[str, Any]) -> Answer:
        """The mall's questions to either desk."""
        if path.startswith(WECHAT_HOME):
            return _of_wechat(self, method, path.removeprefix(WECHAT_HOME).strip("/"), told)
        return _of_alipay(self, method, path.removeprefix(ALIPAY_HOME).strip("/"), told)

    def tell_of_complaints(self: Any) -> None:
        """Send the desks' notices until the mall says `success`, ever more seldom."""
        for each in self.rows(
            "select n.*, c.road, c.state, c.notify_url from nudge n join complaint c on c.number = n.number"
            " where n.told = 0 and n.next_at <= ? and n.tries < ? order by n.next_at, n.rowid",
            time.time(),
            len(LADDER),
        ):
            if self.is_closed:
                return
            told = self.notify(each["notify_url"], self.nudge(each)) == (200, b"success")
            with self.writing() as database:
                database.execute(
                    "update nudge set told = ?, tries = tries + 1, next_at = ? where event = ?",
                    [int(told), time.time() + LADDER[each["tries"]], each["event"]],
                )

    @staticmethod
    def nudge(each: Any) -> dict[str, Any]:
        """A notice, as each road words it."""
        if each["road"] == "wechat":
            kind = "CREATE" if each["action"] == "CREATE_COMPLAINT" else "STATE_CHANGE"
            resource = {"complaint_id": each["number"], "action_type": each["action"]}
            return {"id": each["event"], "event_type": f"COMPLAINT.{kind}", "resource": resource}
        content = {"complain_event_id": each["number"], "status": each["state"]}
        return {
            "notify_id": each["event"],
            "msg_method": "alipay.merchant.tradecomplain.changed",
            "biz_content": content,
        }


def _nudge(database: sqlite3.Connection, number: str, action: str) -> None:
    database.execute(
        "insert into nudge (event, number, action, next_at) values (?, ?, ?, ?)",
        [f"EV-{secrets.token_hex(12)}", number, action, time.time()],
    )


def _of_wechat(desk: Any, method: str, path: str, told: dict[str, Any]) -> Answer:
    if (method, path) == ("GET", ""):
        rows = desk.rows("select number from complaint where road = 'wechat' order by rowid desc limit 50")
        return 200, {"data": [{"complaint_id": each["number"]} for each in rows], "total_count": len(rows)}
    number, _, deed = path.partition("/")
    found = desk.row("select * from complaint where number = ? and road = 'wechat'", number)
    if found is None:
        return 404, {"reason": "RESOURCE_NOT_EXISTS"}
    said = desk.rows("select * from said where number = ? order by id", number)
    if method == "GET":
        return 200, _wechat_history(said) if deed == "negotiation-historys" else _wechat_detail(found)
    if found["state"] == "PROCESSED":
        known = deed == "response" and any(each["key"] == told.get("out_log_id") for each in said)
        return (200, OK) if known or deed == "complete" else (400, {"reason": "INVALID_REQUEST"})
    text = told.get("response_content")
    if deed == "response" and isinstance(text, str) and 0 < len(text) <= 200:
        desk._note(
            number, "merchant", "MERCHANT_RESPONSE", text=text, key=str(told.get("out_log_id", "")), state="said"
        )
        return 200, OK
    if deed == "update-refund-progress" and told.get("action") in {"APPROVE", "REJECT"}:
        what = "MERCHANT_APPROVE_REFUND" if told["action"] == "APPROVE" else "MERCHANT_REJECT_REFUND"
        desk._note(number, "merchant", what, text=str(told.get("reject_reason", ""))[:200], key=what)
        return 200, OK
    if deed == "complete":
        desk._note(number, "merchant", "MERCHANT_CONFIRM_COMPLETE", state="done")
        return 200, OK
    return 400, {"reason": "PARAM_ERROR"}


def _wechat_detail(found: Any) -> dict[str, Any]:
    return {
        "complaint_id": found["number"],
        "complaint_time": datetime.fromtimestamp(found["made_at"], CHINA).isoformat(timespec="seconds"),
        "complaint_detail": found["text"],
        "problem_description": found["demand"],
        "complaint_state": found["state"],
        "payer_phone": found["phone"],
        "apply_refund_amount": found["asked"],
        "user_complaint_times": found["times"],
        "complaint_order_info": [
            {"transaction_id": found["txn"], "out_trade_no": found["charge"], "amount": found["amount"]}
        ],
    }


def _wechat_history(said: list[Any]) -> dict[str, Any]:
    lines = [
        {
            "operator": each["who"],
            "operate_type": each["what"],
            "operate_details": each["text"],
            "out_log_id": each["key"],
            **({"refund_id": each["refund"], "refund_amount": each["amount"]} if each["refund"] else {}),
        }
        for each in said
    ]
    return {"data": lines, "total_count": len(lines)}


def _of_alipay(desk: Any, method: str, path: str, told: dict[str, Any]) -> Answer:
    if (method, path) == ("POST", "batchquery"):
        rows = desk.rows("select number from complaint where road = 'alipay' order by rowid desc limit 50")
        return 200, {"trade_complain_infos": [{"complain_event_id": each["number"]} for each in rows]}
    number = path if method == "GET" else told.get("complain_event_id", "")
    found = desk.row("select * from complaint where number = ? and road = 'alipay'", str(number))
    if found is None:
        return 404, {"reason": "COMPLAIN_NOT_EXIST"}
    if method == "GET":
        return 200, _alipay_detail(found, desk.rows("select * from said where number = ? order by id", str(number)))
    key = str(told.get("out_reply_id", ""))
    text = told.get("feedback_content") if path == "feedback" else told.get("reply_content")
    if path not in {"feedback", "reply"} or not isinstance(text, str) or not 0 < len(text) <= 200:
        return 400, {"reason": "INVALID_PARAMETER"}
    if desk.row("select id from said where number = ? and key = ?", str(number), key) is not None:
        return 200, OK
    if found["state"] not in {"MERCHANT_PROCESSING", "MERCHANT_FEEDBACKED"}:
        return 400, {"reason": "COMPLAIN_STATUS_ERROR"}
    state = "done" if path == "feedback" else ""
    desk._note(str(number), "merchant", f"MERCHANT_{path.upper()}", text=text, key=key, state=state)
    return 200, OK


def _alipay_detail(found: Any, said: list[Any]) -> dict[str, Any]:
    roles = {"user": "USER", "merchant": "MERCHANT", "platform": "AUDITOR"}
    return {
        "complain_event_id": found["number"],
        "status": found["state"],
        "trade_no": found["txn"],
        "merchant_order_no": found["charge"],
        "gmt_create": datetime.fromtimestamp(found["made_at"], CHINA).strftime("%Y-%m-%d %H:%M:%S"),
        "leaf_category_name": found["demand"],
        "content": found["text"],
        "phone_no": found["phone"],
        "trade_amount": f"{found['amount'] // 100}.{found['amount'] % 100:02}",
        "complain_amount": f"{found['asked'] // 100}.{found['asked'] % 100:02}",
        "reply_detail_infos": [
            {
                "replier_role": roles[each["who"]],
                "content": each["text"],
                "out_reply_id": each["key"],
                **({"refund_id": each["refund"], "refund_amount": each["amount"]} if each["refund"] else {}),
            }
            for each in said
            if each["what"] != "USER_CANCEL_COMPLAINT"
        ],
    }


DEED = re.compile(r"(complain|again|take_back|pay_back):([A-Za-z0-9_]{1,80})(?::(wechat|alipay))?")


def act(desk: Any, asked: dict[str, list[str]]) -> None:
    """What a form on the channel's front page asks for."""
    found = DEED.fullmatch(asked.get("complaint", [""])[0])
    if found is None:
        return
    deed, thing, road = found[1], found[2], found[3] or "wechat"
    text = asked.get("text", [""])[0].strip() or "卡密无法使用，商家不处理。"
    if deed == "complain":
        desk.complain(thing, road=road, text=text)
    elif deed == "again":
        desk.complain_again(thing, text)
    elif deed == "take_back":
        desk.take_back(thing)
    else:
        desk.pay_back_by_staff(thing)
