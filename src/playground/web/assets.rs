//! The page's files, as they lie in the source tree: the browser runs them as they are.

/// One file: its path on the server, its media type, its text.
pub(super) struct Asset {
    pub(super) path: &'static str,
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
}

macro_rules! file {
    ($kind:literal, $name:literal) => {
        Asset { path: concat!("/", $name), kind: $kind, text: include_str!(concat!("assets/", $name)) }
    };
}

macro_rules! module {
    ($name:literal) => {
        file!("text/javascript; charset=utf-8", $name)
    };
}

macro_rules! style {
    ($name:literal) => {
        file!("text/css; charset=utf-8", $name)
    };
}

/// Every file of the page.
pub(super) const ASSETS: &[Asset] = &[
    Asset { path: "/", kind: "text/html; charset=utf-8", text: include_str!("assets/page.html") },
    file!("image/svg+xml", "icon.svg"),
    style!("page.css"),
    style!("blocks.css"),
    style!("panes.css"),
    module!("main.js"),
    module!("dom.js"),
    module!("server.js"),
    module!("times.js"),
    module!("markup.js"),
    module!("blocks.js"),
    module!("sure.js"),
    module!("fields.js"),
    module!("search.js"),
    module!("modal.js"),
    module!("messages.js"),
    module!("sidebar.js"),
    module!("apptabs.js"),
    module!("shortcuts.js"),
    module!("tabs.js"),
    module!("tickets.js"),
    module!("oldapp.js"),
    module!("log.js"),
    module!("policies.js"),
    module!("clock.js"),
    module!("theme.js"),
    module!("tour.js"),
];

/// The file at a path.
pub(super) fn at(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}
