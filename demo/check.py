#!/usr/bin/env python3
"""Check market.toml: shape, both languages, check digits, pictures, and words the law forbids.

Run: python3 demo/check.py [--pictures]   (Python 3.11 or newer, standard library only)
"""
import os, re, sys, tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
FORBIDDEN = ["최저가", "1위", "최고", "암 ", "당뇨", "고혈압", "치료", "예방", "효능", "면역", "항암", "완치", "다이어트"]
faults = []


def fault(where, what):
    faults.append(f"{where}: {what}")


def both(where, value):
    """A text is a table of exactly ko and en, both with something in them."""
    if not isinstance(value, dict) or set(value) != {"ko", "en"} or not all(v.strip() for v in value.values()):
        fault(where, f"needs ko and en, has {value!r}")
        return
    if not re.search("[가-힣0-9]", value["ko"]):
        fault(where, "no Hangul in ko")
    if re.search("[가-힣]", value["en"]):
        fault(where, "Hangul in en")


def texts(where, node):
    """Walk everything and judge each table that looks like a text."""
    if isinstance(node, dict):
        if "ko" in node or "en" in node:
            both(where, {k: v for k, v in node.items() if k in ("ko", "en")})
            for word in FORBIDDEN:
                if word in node.get("ko", ""):
                    fault(where, f"forbidden word {word}")
        for key, value in node.items():
            texts(f"{where}.{key}", value)
    elif isinstance(node, list):
        for i, value in enumerate(node):
            texts(f"{where}[{i}]", value)


def business_number(where, text):
    digits = [int(c) for c in text if c.isdigit()]
    total = sum(d * w for d, w in zip(digits, (1, 3, 7, 1, 3, 7, 1, 3, 5))) + digits[8] * 5 // 10
    if len(digits) != 10 or (10 - total % 10) % 10 != digits[9] or not text.startswith("000-"):
        fault(where, f"bad business number {text}")


def legal(where, node):
    for key in ("company", "representative", "address", "mail_order_number"):
        both(f"{where}.{key}", node.get(key))
        if "데모" not in node[key]["ko"]:
            fault(f"{where}.{key}", "does not say 데모")
    business_number(where, node["business_number"])
    if not node["email"].endswith(".example") or not re.fullmatch(r"010-0000-00\d\d", node["phone"]):
        fault(where, "e-mail or phone could be real")


def picture(where, name):
    if "--pictures" in sys.argv and not os.path.exists(os.path.join(HERE, "pictures", name)):
        fault(where, f"no picture {name}")


def main():
    with open(os.path.join(HERE, "market.toml"), "rb") as file:
        market = tomllib.load(file)
    texts("", market)
    legal("market", market["market"]["legal"])
    picture("market", market["market"]["picture"])
    categories = {c["slug"] for c in market["category"]}
    for category in market["category"]:
        picture(category["slug"], category["picture"])
    stalls, products = {}, 0
    for stall in market["stall"]:
        at = stall["slug"]
        if at in stalls:
            fault(at, "stall slug twice")
        stalls[at] = {p["slug"] for p in stall["product"]}
        if len(stalls[at]) != len(stall["product"]) or not 4 <= len(stall["product"]) <= 6:
            fault(at, "four to six products, each slug once")
        if stall["category"] not in categories:
            fault(at, "unknown category")
        legal(at, stall["legal"])
        picture(at, stall["picture"])
        if not 3 <= len(re.findall(r"[.?!](?:\s|$)", stall["story"]["ko"])) <= 5:
            fault(at, "story is not three to five sentences")
        for day in stall.get("diary", []):
            if set(day["products"]) - stalls[at] or day["days_ago"] < 0:
                fault(at, "a diary of the future, or about another stall's product")
            if "picture" in day:
                picture(at, day["picture"])
        for product in stall["product"]:
            products += 1
            here = f"{at}/{product['slug']}"
            for key in ("name", "unit", "origin"):
                both(f"{here}.{key}", product.get(key))
            if product["withdrawal"] not in market["withdrawal"]:
                fault(here, "unknown withdrawal")
            if not product["delivery"] or set(product["delivery"]) - {"parcel", "pickup"}:
                fault(here, "delivery is parcel, pickup or both")
            if ("card" in product) == ("facts" in product):
                fault(here, "food has a card, other goods have facts")
            for key in ("name", "storage", "weight", "keeps"):
                if "card" in product:
                    both(f"{here}.card.{key}", product["card"].get(key))
            for name in product["pictures"]:
                picture(here, name)
            rows = product.get("page", {}).get("sizes", [])
            if len({len(row) for row in rows}) > 1:
                fault(here, "rows of a size table differ in length")
            wanted = [[]]
            for option in product["options"]:
                wanted = [w + [v["slug"]] for w in wanted for v in option["values"]]
            if sorted(wanted) != sorted(v["pick"] for v in product["variants"]):
                fault(here, "variants do not match the options")
            for variant in product["variants"]:
                if variant["price_won"] < 1000 or variant["stock"] < 0:
                    fault(here, "price or stock")
    for account in market["account"]:
        if not re.fullmatch(r"010-0000-00\d\d", account["phone"]):
            fault("account", account["phone"])
        if account["role"] == "seller" and account["stall"] not in stalls:
            fault("account", "unknown stall")
    live = market["live"]
    for show in [live, *market["upcoming"], *market["past"]]:
        picture(show["slug"], show["poster"])
        used = show.get("products", []) + [p["product"] for p in show.get("pins", [])]
        if set(used) - stalls[show["stall"]]:
            fault(show["slug"], "shows a product of another stall")
    times = [line["at_s"] for line in live["chat"]]
    if times != sorted(set(times)) or times[-1] >= live["chat_loop_s"] or live["chat_loop_s"] % live["clip_s"]:
        fault("chat", "times must rise and fit whole turns of the clip")
    print(f"{len(stalls)} stalls, {products} products, {len(times)} chat lines, {len(faults)} faults")
    for line in faults:
        print(line)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
