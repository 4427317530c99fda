"""The least app on Bolt for Python: it acknowledges, and does nothing."""

import os
import re

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

app = App(client=WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]))


@app.action(re.compile(".*"))
def pressed(ack):
    ack()


@app.view(re.compile(".*"))
def sent(ack):
    ack()


SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()
