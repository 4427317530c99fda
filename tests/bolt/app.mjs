// A small app on Bolt for JavaScript, as its makers ship it: the local Slack has to be a Slack to it.
// tests/it/bolt.rs plays the people. tests/bolt/app.py does the same with Bolt for Python.
import { createRequire } from 'node:module';

const { BOLT, SLACK_API_URL, SLACK_BOT_TOKEN, SLACK_APP_TOKEN, CHANNEL } = process.env;
const { App, LogLevel } = createRequire(`${BOLT}/`)('@slack/bolt');
const { WebClient } = createRequire(`${BOLT}/`)('@slack/web-api');

const app = new App({
  token: SLACK_BOT_TOKEN,
  appToken: SLACK_APP_TOKEN,
  socketMode: true,
  logLevel: LogLevel.ERROR,
  clientOptions: { slackApiUrl: SLACK_API_URL },
});

const plain = (text) => ({ type: 'plain_text', text });
const button = (action_id, text, value) => ({ type: 'button', action_id, text: plain(text), value });
const section = (text) => ({ type: 'section', text: { type: 'mrkdwn', text } });
const option = (text, value) => ({ text: plain(text), value });

const form = (note) => ({
  type: 'modal',
  callback_id: 'form',
  private_metadata: 'kept',
  notify_on_close: true,
  title: plain('A form'),
  submit: plain('Send'),
  close: plain('Leave'),
  blocks: [
    { ...section(note), block_id: 'note' },
    {
      type: 'input',
      block_id: 'fruit',
      label: plain('Fruit'),
      element: { type: 'external_select', action_id: 'fruit', min_query_length: 0 },
    },
    {
      type: 'input',
      block_id: 'why',
      label: plain('Why'),
      element: { type: 'plain_text_input', action_id: 'why' },
    },
    {
      type: 'actions',
      block_id: 'more',
      elements: [button('change', 'Change', 'c'), button('another', 'Another', 'a')],
    },
  ],
});

const say = (client, text) => client.chat.postMessage({ channel: CHANNEL, text });

// Calls a method as the test says, by the official client, and tells what that made of the answer.
const tried = async ({ method, token, ...args }) => {
  const client = new WebClient(token ?? SLACK_BOT_TOKEN, {
    slackApiUrl: SLACK_API_URL,
    rejectRateLimitedCalls: true,
    logLevel: LogLevel.ERROR,
  });
  client.logger.setLevel(LogLevel.ERROR);
  try {
    await client.apiCall(method, args);
    return { error: null };
  } catch (error) {
    if (error.code === 'slack_webapi_rate_limited_error') {
      return { error: 'ratelimited', retry_after: error.retryAfter };
    }
    return { error: error.data?.error ?? `${error}`, messages: error.data?.response_metadata?.messages };
  }
};

app.command('/bolt', async ({ command, ack, respond, client }) => {
  const [verb, ...rest] = command.text.split(' ');
  if (verb === 'form') {
    await ack();
    await client.views.open({ trigger_id: command.trigger_id, view: form('as opened') });
  } else if (verb === 'try') {
    await ack();
    await respond({ text: JSON.stringify(await tried(JSON.parse(rest.join(' ')))) });
  } else if (verb === 'late') {
    // Longer than Slack lets a trigger live.
    await ack();
    await new Promise((resolve) => setTimeout(resolve, Number(rest[0])));
    const { error } = await tried({ method: 'views.open', trigger_id: command.trigger_id, view: form('late') });
    await respond({ text: `late: ${error}` });
  } else if (verb === 'ask') {
    await ack(`asked by ${command.user_name}`);
    await client.chat.postMessage({
      channel: command.channel_id,
      text: 'Shall it be?',
      blocks: [section('Shall it be?'), { type: 'actions', block_id: 'choice', elements: [button('yes', 'Yes', 'R1')] }],
    });
  } else {
    await ack({ response_type: 'ephemeral', text: `what is ${verb}?` });
  }
});

app.shortcut({ callback_id: 'everywhere', type: 'shortcut' }, async ({ shortcut, ack, client }) => {
  await ack();
  await client.views.open({ trigger_id: shortcut.trigger_id, view: form('by shortcut') });
});

app.shortcut({ callback_id: 'here', type: 'message_action' }, async ({ shortcut, ack, client }) => {
  await ack();
  await client.chat.postMessage({ channel: shortcut.channel.id, thread_ts: shortcut.message.ts, text: 'noted here' });
});

app.action('yes', async ({ body, action, ack, respond, client }) => {
  await ack();
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: `yes to ${action.value}`, blocks: [] });
  await respond({ response_type: 'ephemeral', replace_original: false, text: `heard ${body.user.id}` });
});

app.action('change', async ({ body, ack, client }) => {
  await ack();
  await client.views.update({ view_id: body.view.id, hash: body.view.hash, view: form('as changed') });
});

app.action('another', async ({ body, ack, client }) => {
  await ack();
  const view = { type: 'modal', title: plain('On top'), blocks: [section('another')] };
  await client.views.push({ trigger_id: body.trigger_id, view });
});

app.options('fruit', async ({ options, ack }) => {
  const fruits = ['apple', 'apricot', 'pear'].filter((fruit) => fruit.startsWith(options.value));
  await ack({ options: fruits.map((fruit) => option(fruit, fruit)) });
});

app.view('form', async ({ view, body, ack, client }) => {
  const why = view.state.values.why.why.value;
  if (why.length < 5) {
    await ack({ response_action: 'errors', errors: { why: 'too short' } });
    return;
  }
  await ack();
  const fruit = view.state.values.fruit.fruit.selected_option.value;
  await say(client, `${body.user.id} wants ${fruit} (${view.private_metadata})`);
});

app.view({ callback_id: 'form', type: 'view_closed' }, async ({ body, ack, client }) => {
  await ack();
  await say(client, `${body.user.id} left the form, cleared: ${body.is_cleared}`);
});

app.event('app_home_opened', async ({ event, client }) => {
  await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [section('at home')] } });
});

await app.start();
