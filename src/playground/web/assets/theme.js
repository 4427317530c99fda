// Light or dark: as the system has it, until the reader chooses.

import { at } from "/dom.js";

const KEPT = "theme";

export function startTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const draw = () => {
    const chosen = localStorage.getItem(KEPT);
    const isDark = chosen ? chosen === "dark" : dark.matches;
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    at("theme").setAttribute("aria-pressed", String(isDark));
  };
  dark.addEventListener("change", draw);
  at("theme").addEventListener("click", () => {
    const isDark = document.documentElement.dataset.theme === "dark";
    localStorage.setItem(KEPT, isDark ? "light" : "dark");
    draw();
  });
  draw();
}
