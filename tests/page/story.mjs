// The story of one access, played by its people on the page: asked for, approved, revealed, used, extended, ended.

// Nothing that a person types is markup.
const MARKED = '<b>now</b> & *here* <img src="x" onerror="alert(1)">';

// Plays it with the help of the tour, and checks that the tour follows.
export async function story(visitor, variant) {
  const { page } = visitor;
  const phone = variant.width < 600;
  const next = (title) => visitor.shows("#tour h2", title);
  // Where the next step is on the screen already, the tour has no button.
  const act = async () => {
    if (await page.locator("#tour-act").isVisible()) await visitor.press("#tour-act");
  };
  const tab = (name) => page.getByRole("tab", { name }).click();

  await next("1. Ask");
  await zone(visitor);
  await visitor.shot("arrival");
  if (!phone) await keyboard(visitor);

  await asks(visitor);
  await next("2. Approve");
  await visitor.shot("asked");

  await act();
  await visitor.shows("#messages", "please approve or deny");
  await visitor.shows("#messages .plain", MARKED);
  await visitor.shot("approver");
  await visitor.press('[data-action="jit_approve"]');
  await next("3. Reveal");

  await act();
  await visitor.shows("#messages", "Active");
  await visitor.shot("active");
  await home(visitor);
  await visitor.press('[data-action="jit_reveal"]');
  await page.locator("#carry").waitFor();
  const secret = await page.locator('[data-block="credential"]').innerText();
  await visitor.shot("revealed");
  await page.locator("#carry").click();
  await visitor.goes("#modal[open]");
  await visitor.shows("#pane-app mark", "jit-r1001");
  await page.locator("#wiki-login").waitFor();
  await visitor.press(".door [type=submit]");
  await visitor.shows(".browser .page", "200 OK");
  await visitor.shows("#pane-app li", "jit-r1001: 1");
  await visitor.shot("logged-in");
  await next("5. Extend");
  visitor.check(!(await page.content()).includes(secret.trim()), "the password is still somewhere on the page");

  await act();
  await visitor.shows("#tour p", "was told that the time runs out");
  await act();
  await visitor.shows("#messages", "Ends soon");
  await visitor.press('[data-action="jit_extend"]');
  await visitor.shows("#modal h2", "More time");
  await page.locator('#modal [data-block="why"] textarea').fill("the notes need a second look");
  await visitor.shot("extend-form");
  await visitor.press("#modal [type=submit]");
  await visitor.shows("#tour p", "asks for more time");
  if (await page.locator("#modal[open]").isVisible()) await page.keyboard.press("Escape");
  await visitor.goes("#modal[open]");
  await act();
  await visitor.shows("#messages", "R1002");
  await visitor.press('[data-action="jit_approve"]');

  await next("6. Let it end");
  await visitor.shot("extended");
  // The second warning falls due before the end does.
  for (let turn = 0; turn < 6 && !(await page.locator("#tour h2").innerText()).startsWith("7."); turn += 1) {
    const before = await page.locator("#tour").innerText();
    await act();
    await page.waitForFunction((text) => document.querySelector("#tour").innerText !== text || !document.querySelector("#tour-act").disabled, before);
  }
  await next("7. Look");
  await act();
  await visitor.shows(".browser .page", "200 OK");
  await page.locator(".browser .bar button").click();
  await visitor.shows(".browser .page", "401 Unauthorized");
  await visitor.shows("#pane-app", "No line is Jitney's.");
  await visitor.shot("ended");

  await tab("Tickets");
  await page.locator('[data-key="ACC-1"] summary').click();
  await visitor.shows("#pane-tickets .comments", "R1001-1");
  await visitor.shows("#pane-tickets .ticket .status", "Done");
  await visitor.shot("ticket");
  await tab("Audit log");
  await page.locator("#forge").click();
  await visitor.shows("#pane-log .found", "Bad:");
  await page.locator("#verify").click();
  await visitor.shows("#pane-log .found", "Good:");
  await visitor.shot("audit-log");
  await visitor.shows("#tour h2", "That is all of it");

  await tab("Policies");
  await page.locator(".role summary").first().click();
  await visitor.shot("policies");
  await refusal(visitor, phone);
  if (!phone) await searching(visitor);
  await theme(visitor, variant.scheme);
}

// The app's home tab, beside its messages: what one has, with what can be done about it.
async function home(visitor) {
  const { page } = visitor;
  await page.locator("#app-home").click();
  await visitor.shows("#messages .home", "Your access");
  await visitor.shows("#messages .home", "left");
  visitor.check(await page.locator('.home [data-action="jit_release"]').isVisible(), "it can be given back");
  await visitor.shot("home");
  await page.locator('.home [data-action="jit_request_new"]').click();
  await visitor.shows("#modal h2", "Request access");
  await page.keyboard.press("Escape");
  await visitor.goes("#modal[open]");
  await page.locator("#app-messages").click();
  await visitor.shows("#messages", "Active");
}

// The clock stands in the reader's zone, which is not the machine's.
async function zone(visitor) {
  const shown = await visitor.page.locator("#now").innerText();
  const form = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Berlin" });
  const fits = [0, 60_000].some((ago) => shown.endsWith(form.format(Date.now() - ago)));
  visitor.check(fits, `the clock does not show Berlin's time: ${shown}`);
}

// The form by keyboard alone: what is wrong in it is said beside the field.
async function asks(visitor) {
  const { page } = visitor;
  await visitor.press("#tour-act");
  await page.waitForFunction(() => document.activeElement.id === "line" && document.activeElement.value.includes("/jit request"));
  await page.keyboard.press("Enter");
  await visitor.shows("#modal h2", "Request access");
  const why = page.locator('#modal [data-block="why"] textarea');
  const words = await why.inputValue();
  await why.fill("short");
  await why.press("Tab");
  await visitor.press("#modal [type=submit]");
  await visitor.shows('#modal [data-block="why"] .error', /.+/);
  await visitor.shot("form-with-an-error");
  await why.fill(`${words} ${MARKED}`);
  await visitor.press("#modal [type=submit]");
  await visitor.shows("#modal", "R1001");
  await page.keyboard.press("Escape");
  await visitor.goes("#modal[open]");
}

// Every part can be reached, and one sees where one is.
async function keyboard(visitor) {
  const { page } = visitor;
  await page.locator('[data-person="U0ANN"]').focus();
  await page.keyboard.press("ArrowDown");
  visitor.check((await visitor.focus("people")) === "U0BOB", "the arrow goes to the next person");
  await page.keyboard.press("End");
  visitor.check((await visitor.focus("people")) === "U0FRANK", "End goes to the last person");
  await page.locator("#tab-tickets").focus();
  await page.keyboard.press("ArrowRight");
  visitor.check((await visitor.focus("tabs")) === "tab-app", "the arrow goes to the next tab");
  visitor.check(await page.locator("#pane-app").isVisible(), "its pane is shown");
  await page.locator(".skip").focus();
  const reached = new Set();
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    const name = await visitor.focus(`tab ${step}`);
    if (name === "" || reached.has(name)) break;
    reached.add(name);
  }
  for (const name of ["tour-act", "U0ANN", "C0ACCESS", "line"]) {
    visitor.check(reached.has(name), `the keyboard does not reach ${name}: ${[...reached]}`);
  }
}

// A contractor is refused on the form, by the rule's name.
async function refusal(visitor, phone) {
  const { page } = visitor;
  if (phone) await page.getByRole("tab", { name: "Chat" }).click();
  await page.locator('[data-person="U0CAROL"]').click();
  await page.locator('[data-person="U0CAROL"][aria-current]').waitFor();
  await page.locator("#line").fill("/jit request wiki/read for 1h because I want to read the <b>old</b> pages");
  await page.locator("#line").press("Enter");
  await visitor.shows("#modal h2", "Request access");
  await visitor.press("#modal [type=submit]");
  await visitor.shows("#modal .error", "contractor");
  await visitor.shot("refused");
  await page.keyboard.press("Escape");
  await visitor.goes("#modal[open]");
}

// A role is searched for and taken without a mouse; the first Escape closes the list, the second the form.
async function searching(visitor) {
  const { page } = visitor;
  await page.locator('[data-person="U0FRANK"]').click();
  await page.locator('[data-person="U0FRANK"][aria-current]').waitFor();
  await page.locator("#line").fill("/jit request");
  await page.locator("#line").press("Enter");
  const role = page.locator("#modal [role=combobox]");
  await role.waitFor();
  await role.focus();
  await page.keyboard.press("ArrowDown");
  await visitor.shows("#modal [role=option]", "Legacy wiki");
  await visitor.shot("choices");
  await page.keyboard.type("report");
  await page.waitForFunction(() => document.querySelectorAll("#modal [role=option]").length === 1);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await visitor.shows("#modal .context", "Old reports site");
  await visitor.goes("#modal [role=listbox]");
  visitor.check((await role.inputValue()).includes("Viewer"), "the choice stands in the field");
  await role.focus();
  await page.keyboard.press("ArrowDown");
  await visitor.shows("#modal [role=option]", "Legacy wiki");
  await page.keyboard.press("Escape");
  await visitor.goes("#modal [role=listbox]");
  visitor.check(await page.locator("#modal[open]").isVisible(), "Escape closes the list alone");
  await page.keyboard.press("Escape");
  await visitor.goes("#modal[open]");
}

// The reader's choice stands above the system's.
async function theme(visitor, scheme) {
  const { page } = visitor;
  const other = scheme === "dark" ? "light" : "dark";
  await page.locator("#theme").click();
  await page.locator(`html[data-theme="${other}"]`).waitFor();
  await visitor.shot(`in-${other}`);
}
