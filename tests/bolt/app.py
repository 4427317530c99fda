"""A small app on Bolt for Python, as its makers ship it: the local Slack has to be a Slack to it.

tests/it/bolt.rs plays the people. tests/bolt/app.mjs does the same with Bolt for JavaScript.
"""

import json
import logging
import os
import time

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

SLACK_API_URL = os.environ["SLACK_API_URL"]
SLACK_BOT_TOKEN = os.environ["SLACK_BOT_TOKEN"]
CHANNEL = os.environ["CHANNEL"]

logging.basicConfig(level=logging.ERROR)
app = App(client=WebClient(token=SLACK_BOT_TOKEN, base_url=SLACK_API_URL))


def plain(text):
    return {"type": "plain_text", "text": text}


def button(action_id, text, value):
    return {"type": "button", "action_id": action_id, "text": plain(text), "value": value}


def section(text, **more):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def form(note):
    return {
        "type": "modal",
        "callback_id": "form",
        "private_metadata": "kept",
        "notify_on_close": True,
        "title": plain("A form"),
        "submit": plain("Send"),
        "close": plain("Leave"),
        "blocks": [
            section(note, block_id="note"),
            {
                "type": "input",
                "block_id": "fruit",
                "label": plain("Fruit"),
                "element": {"type": "external_select", "action_id": "fruit", "min_query_length": 0},
            },
            {
                "type": "input",
                "block_id": "why",
                "label": plain("Why"),
                "element": {"type": "plain_text_input", "action_id": "why"},
            },
            {
                "type": "actions",
                "block_id": "more",
                "elements": [button("change", "Change", "c"), button("another", "Another", "a")],
            },
        ],
    }


def tried(call):
    """Calls a method as the test says, by the official client, and tells what that made of the answer."""
    method, token = call.pop("method"), call.pop("token", SLACK_BOT_TOKEN)
    client = WebClient(token=token, base_url=SLACK_API_URL)
    try:
        client.api_call(method, json=call)
        return {"error": None}
    except SlackApiError as error:
        answer = error.response
        told = {"error": answer["error"]}
        if answer.status_code == 429:
            told["retry_after"] = int(answer.headers["Retry-After"])
        else:
            told["messages"] = answer.get("response_metadata", {}).get("messages")
        return told


@app.command("/bolt")
def command(command, ack, respond, client):
    verb, _, rest = command["text"].partition(" ")
    if verb == "form":
        ack()
        client.views_open(trigger_id=command["trigger_id"], view=form("as opened"))
    elif verb == "try":
        ack()
        respond(text=json.dumps(tried(json.loads(rest))))
    elif verb == "late":
        # Longer than Slack lets a trigger live.
        ack()
        time.sleep(int(rest) / 1000)
        told = tried({"method": "views.open", "trigger_id": command["trigger_id"], "view": form("late")})
        respond(text=f"late: {told['error']}")
    elif verb == "ask":
        ack(f"asked by {command['user_name']}")
        actions = {"type": "actions", "block_id": "choice", "elements": [button("yes", "Yes", "R1")]}
        client.chat_postMessage(
            channel=command["channel_id"], text="Shall it be?", blocks=[section("Shall it be?"), actions]
        )
    else:
        ack(response_type="ephemeral", text=f"what is {verb}?")


@app.global_shortcut("everywhere")
def everywhere(shortcut, ack, client):
    ack()
    client.views_open(trigger_id=shortcut["trigger_id"], view=form("by shortcut"))


@app.message_shortcut("here")
def here(shortcut, ack, client):
    ack()
    client.chat_postMessage(
        channel=shortcut["channel"]["id"], thread_ts=shortcut["message"]["ts"], text="noted here"
    )


@app.action("yes")
def yes(body, action, ack, respond, client):
    ack()
    channel, ts = body["channel"]["id"], body["message"]["ts"]
    client.chat_update(channel=channel, ts=ts, text=f"yes to {action['value']}", blocks=[])
    respond(response_type="ephemeral", replace_original=False, text=f"heard {body['user']['id']}")


@app.action("change")
def change(body, ack, client):
    ack()
    client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=form("as changed"))


@app.action("another")
def another(body, ack, client):
    ack()
    view = {"type": "modal", "title": plain("On top"), "blocks": [section("another")]}
    client.views_push(trigger_id=body["trigger_id"], view=view)


@app.options("fruit")
def fruits(payload, ack):
    found = [fruit for fruit in ("apple", "apricot", "pear") if fruit.startswith(payload["value"])]
    ack(options=[{"text": plain(fruit), "value": fruit} for fruit in found])


@app.view("form")
def submitted(view, body, ack, client):
    values = view["state"]["values"]
    if len(values["why"]["why"]["value"]) < 5:
        ack(response_action="errors", errors={"why": "too short"})
        return
    ack()
    fruit = values["fruit"]["fruit"]["selected_option"]["value"]
    text = f"{body['user']['id']} wants {fruit} ({view['private_metadata']})"
    client.chat_postMessage(channel=CHANNEL, text=text)


@app.view_closed("form")
def closed(body, ack, client):
    ack()
    text = f"{body['user']['id']} left the form, cleared: {str(body['is_cleared']).lower()}"
    client.chat_postMessage(channel=CHANNEL, text=text)


@app.event("app_home_opened")
def home(event, client):
    client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section("at home")]})


SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()
