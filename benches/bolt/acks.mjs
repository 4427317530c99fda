// The least app on Bolt for JavaScript: it acknowledges, and does nothing.
import { createRequire } from 'node:module';

const { BOLT, SLACK_API_URL, SLACK_BOT_TOKEN, SLACK_APP_TOKEN } = process.env;
const { App, LogLevel } = createRequire(`${BOLT}/`)('@slack/bolt');

const app = new App({
  token: SLACK_BOT_TOKEN,
  appToken: SLACK_APP_TOKEN,
  socketMode: true,
  logLevel: LogLevel.ERROR,
  clientOptions: { slackApiUrl: SLACK_API_URL },
});
app.action(/.*/, async ({ ack }) => ack());
app.view(/.*/, async ({ ack }) => ack());
await app.start();
