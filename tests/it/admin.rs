//! The admin socket: who may, what passes, and what happens to those who misbehave.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jitney::admin::{
    AdminSocket, BindError, CONNECTION_LIMIT, Call, ClientError, Desk, LINE_LIMIT, Operation, Reply, call,
};
use jitney::engine::{Command, EngineError, Held, Status, Verb};
use jitney::ids::{DedupeKey, PersonId, RequestId};
use jitney::lifecycle::{Actor, Answer, Refusal, ReviewFinding};
use jitney::policy::{Employment, People, Person};
use jitney::time::{Span, Timestamp};

/// A desk that writes down what it hears.
#[derive(Clone)]
struct Notebook {
    people: Arc<People>,
    heard: Arc<Mutex<Vec<Command>>>,
    held: Option<Held>,
}

#[async_trait]
impl Desk for Notebook {
    async fn submit(&self, command: Command) -> Result<Answer, EngineError> {
        self.heard.lock().unwrap().push(command.clone());
        match command.verb {
            Verb::Revoke { request, .. } => Ok(Answer::Ending { request }),
            _ => Ok(Answer::Noted),
        }
    }
    async fn status(&self) -> Result<Status, EngineError> {
        let now = Timestamp::from_millis(0);
        Ok(Status { now, next_due: None, in_flight: 1, ready: 2, refusing: None, held: self.held.clone() })
    }
    fn people(&self) -> Arc<People> {
        Arc::clone(&self.people)
    }
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("jitney-admin-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
    fn socket(&self) -> PathBuf {
        self.0.join("s")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server for the length of a test.
struct Server {
    folder: Folder,
    desk: Notebook,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    fn with(name: &str, people: Vec<Person>) -> Self {
        let folder = Folder::new(name);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let people = Arc::new(People::new(people, Timestamp::from_millis(0), Span::mins(10)));
        let desk = Notebook { people, heard: Arc::default(), held: None };
        let socket = runtime.block_on(async { AdminSocket::bind(&folder.socket()) }).unwrap();
        runtime.spawn(socket.serve(desk.clone()));
        Self { folder, desk, _runtime: runtime }
    }

    fn call(&self, operation: Operation) -> Reply {
        call(&self.folder.socket(), &wrapped(operation)).unwrap()
    }

    fn heard(&self) -> Vec<Command> {
        self.desk.heard.lock().unwrap().clone()
    }
}

fn wrapped(operation: Operation) -> Call {
    Call { key: DedupeKey::new("cli-1").unwrap(), operation }
}

fn revoke(reason: &str) -> Operation {
    Operation::Revoke { request: RequestId::FIRST, reason: reason.to_owned() }
}

/// Whose session this is; where nobody's, the system user.
fn my_login() -> String {
    let session = std::fs::read_to_string("/proc/self/loginuid").ok();
    let session = session.and_then(|text| text.trim().parse::<u32>().ok()).filter(|uid| *uid != u32::MAX);
    let uid = session.map_or_else(nix::unistd::getuid, Into::into);
    nix::unistd::User::from_uid(uid).unwrap().unwrap().name
}

fn person(id: &str, login: Option<String>) -> Person {
    Person {
        id: PersonId::new(id).unwrap(),
        name: id.to_owned(),
        employment: Employment::Employee,
        department: "IT".to_owned(),
        location: String::new(),
        manager: None,
        groups: Default::default(),
        active: true,
        slack: None,
        operator_login: login,
        title: String::new(),
        doubts: None,
    }
}

fn raw(socket: &Path, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(bytes).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

#[test]
fn doctor_tells_what_is_held_and_what_to_do() {
    let folder = crate::folder::Folder::set_up("doctor-held");
    let held = Held {
        id: "3f9c2a117be0".to_owned(),
        sources: vec!["file".to_owned(), "hr".to_owned()],
        left: 41,
        lose: 3,
        of: 46,
        since: Timestamp::from_millis(0),
    };
    let people = vec![person("erin@example.com", Some(my_login()))];
    let people = Arc::new(People::new(people, Timestamp::from_millis(0), Span::mins(10)));
    let desk = Notebook { people, heard: Arc::default(), held: Some(held) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let socket = runtime.block_on(async { AdminSocket::bind(&folder.0.join("jitney.sock")) }).unwrap();
    runtime.spawn(socket.serve(desk));
    let says = "a change of people is held since 1970-01-01 00:00 UTC: by file, hr, 41 of 46 people would leave, and 3 more \
                would lose a role that they may ask for";
    let mend = "mend the source, or accept it with `jitney people accept 3f9c2a117be0`; until then what was in force stays, \
                and grows old";
    let said = folder.said(&["doctor", "--offline"]);
    assert!(said.contains(&format!("warn  people         {says}; {mend}\n")), "{said}");
    let output = folder.run(&["doctor", "--offline", "--json"]).stdout;
    let checks: Vec<serde_json::Value> = serde_json::from_slice(&output).unwrap();
    let wanted = serde_json::json!({"what": "people", "finding": "warn", "says": says, "mend": mend});
    assert!(checks.contains(&wanted), "{checks:#?}");
}

#[test]
fn an_operator_is_named_by_the_kernel_and_revokes() {
    let server = Server::with("revokes", vec![person("erin@example.com", Some(my_login()))]);
    let reply = server.call(revoke("  laptop\u{7} stolen "));
    assert_eq!(reply, Reply::Answer(Answer::Ending { request: RequestId::FIRST }));

    let heard = server.heard();
    assert_eq!(heard[0].key, Some(DedupeKey::new("cli-1").unwrap()));
    let id = PersonId::new("erin@example.com").unwrap();
    assert_eq!(heard[0].by, Actor::Operator { id, name: "erin@example.com".to_owned() });
    let reason = "laptop  stolen".to_owned();
    assert_eq!(heard[0].verb, Verb::Revoke { request: RequestId::FIRST, reason });
}

#[test]
fn every_operation_reaches_the_engine_as_its_verb() {
    let server = Server::with("verbs", vec![person("erin@example.com", Some(my_login()))]);
    let (request, words) = (RequestId::FIRST, || "because".to_owned());
    for (operation, verb) in [
        (Operation::Withdraw { request, reason: words() }, Verb::Withdraw { request, reason: Some(words()) }),
        (
            Operation::Attest { request, step: 1, evidence: words() },
            Verb::Attest { request, step: 1, evidence: words() },
        ),
        (
            Operation::WaiveLockdown { request, reason: words() },
            Verb::WaiveLockdown { request, reason: words() },
        ),
        (
            Operation::Review { request, found: ReviewFinding::FollowUp, finding: words() },
            Verb::Review { request, found: ReviewFinding::FollowUp, finding: words() },
        ),
        (
            Operation::Redact { request, remark: 2, reason: words() },
            Verb::Redact { request, remark: 2, reason: words() },
        ),
        (Operation::AcceptPeople { held: words() }, Verb::AcceptPeople { held: words() }),
    ] {
        assert_eq!(server.call(operation), Reply::Answer(Answer::Noted));
        assert_eq!(server.heard().last().unwrap().verb, verb);
    }
    assert!(matches!(server.call(Operation::Status), Reply::Status(Status { in_flight: 1, ready: 2, .. })));
}

#[test]
fn who_is_no_operator_is_refused_and_the_refusal_is_recorded() {
    let mut left = person("dana@example.com", Some(my_login()));
    left.active = false;
    let twins =
        vec![person("erin@example.com", Some(my_login())), person("frank@example.com", Some(my_login()))];
    for (name, people) in [
        ("nobody", vec![]),
        ("no-login", vec![person("ann@example.com", None)]),
        ("another-login", vec![person("bob@example.com", Some("somebody-else".to_owned()))]),
        ("leaver", vec![left]),
        ("two", twins),
    ] {
        let server = Server::with(name, people);
        let refused = Reply::Answer(Answer::Refused(Refusal::NotAnOperator { login: my_login() }));
        assert_eq!(server.call(revoke("because")), refused, "{name}");
        assert_eq!(server.call(Operation::Status), refused, "{name}");

        let heard = server.heard();
        assert_eq!(heard.len(), 1, "{name}: the question is not recorded, the attempt is");
        let stranger = PersonId::new(&format!("system-user:{}", my_login())).unwrap();
        assert_eq!(heard[0].by, Actor::Person { id: stranger, name: my_login() }, "{name}");
    }
}

#[test]
fn a_revocation_without_a_reason_goes_no_further() {
    let server = Server::with("reasons", vec![person("erin@example.com", Some(my_login()))]);
    for reason in ["", " \n\t", &"x".repeat(1001)] {
        assert!(matches!(server.call(revoke(reason)), Reply::Failed(_)), "{reason:?}");
    }
    assert!(matches!(server.call(revoke(&"é".repeat(1000))), Reply::Answer(_)));
    assert_eq!(server.heard().len(), 1);
}

#[test]
fn what_is_no_call_is_answered_in_words() {
    let server = Server::with("garbage", vec![person("erin@example.com", Some(my_login()))]);
    let socket = server.folder.socket();
    for (line, words) in [
        ("nonsense\n", "not understood"),
        ("{\"key\":\"k\",\"operation\":\"format_disk\"}\n", "not understood"),
        ("{\"key\":\"k\",\"operation\":\"status\",\"by\":\"ann@example.com\"}\n", "unknown field"),
        (
            "{\"key\":\"k\",\"operation\":{\"revoke\":{\"request\":\"../1\",\"reason\":\"x\"}}}\n",
            "request id",
        ),
    ] {
        let reply = raw(&socket, line.as_bytes());
        assert!(reply.contains(words), "{line} {reply}");
    }
    assert!(raw(&socket, &vec![b'x'; LINE_LIMIT + 1]).contains("over 65536 bytes"));
    assert!(server.heard().is_empty());
}

#[test]
fn one_connection_more_than_the_limit_is_turned_away() {
    let server = Server::with("crowd", vec![person("erin@example.com", Some(my_login()))]);
    let socket = server.folder.socket();
    let status = b"{\"key\":\"k\",\"operation\":\"status\"}\n";
    let mut crowd = Vec::new();
    for _ in 0..CONNECTION_LIMIT {
        // An answer shows that the server has taken the connection.
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(status).unwrap();
        let mut reader = BufReader::new(stream);
        reader.read_line(&mut String::new()).unwrap();
        crowd.push(reader);
    }
    let mut turned_away = String::new();
    UnixStream::connect(&socket).unwrap().read_to_string(&mut turned_away).unwrap();
    assert!(turned_away.contains("others are being served"), "{turned_away}");
    assert!(matches!(call(&socket, &wrapped(Operation::Status)), Ok(Reply::Failed(_))));
}

#[test]
fn the_socket_is_for_its_owner_alone_and_goes_with_the_server() {
    let server = Server::with("mode", vec![]);
    let socket = server.folder.socket();
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let Server { folder, _runtime: runtime, .. } = server;
    drop(runtime);
    assert!(!socket.exists());
    assert!(matches!(call(&folder.socket(), &wrapped(Operation::Status)), Err(ClientError::NoServer { .. })));
}

#[test]
fn a_socket_left_behind_is_replaced_and_a_live_one_is_not() {
    let folder = Folder::new("stale");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let path = folder.socket();

    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "what a killed server leaves");
    let first = AdminSocket::bind(&path).unwrap();
    assert!(matches!(AdminSocket::bind(&path), Err(BindError::Taken { .. })));
    drop(first);

    std::fs::write(&path, "precious").unwrap();
    assert!(matches!(AdminSocket::bind(&path), Err(BindError::NotASocket { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}
