//! People without a password at the hub, for whom an issuer outside it vouches.

use http::StatusCode;
use hub::sign_in::Account;
use lab::outside::{KeysPage, SigningKey};
use lab::{Decision, World};
use serde_json::json;

use crate::person::{Person, click, met, onward, worlds};
use crate::stage::Stage;

const NOW: u64 = 1_790_000_000;

struct House {
    stage: Stage,
    page: KeysPage,
    key: SigningKey,
    _worlds: Vec<World>,
}

impl House {
    async fn new() -> Self {
        let key = SigningKey::p256("k1");
        let page = KeysPage::start(&[&key]).await;
        let (worlds, mut servers) = worlds(&["each", "everybodys"]).await;
        servers["each"]["visibility"] = "public".into();
        servers["each"]["oauth"] = json!({ "tokens": "per_user" });
        servers["everybodys"]["visibility"] = "public".into();
        let mallory =
            json!({ "username": "mallory", "password": bcrypt::hash("mallorys word", 4).unwrap() });
        let root = json!({ "username": "root", "isAdmin": true, "password": bcrypt::hash("roots word", 4).unwrap() });
        let settings = json!({ "mcpServers": servers, "users": [mallory, root], "systemConfig": { "auth": { "forwardAuth": {
            "enabled": true,
            "jwks": { "uri": page.uri(), "issuer": page.issuer(), "audience": ["mcphub", "http://localhost:3000/mcp"] },
        } } } });
        let stage = Stage::new(&settings.to_string()).await;
        met(&stage, "everybodys", "oauth_required").await;
        Self {
            stage,
            page,
            key,
            _worlds: worlds,
        }
    }

    fn browser(&self, subject: &str, audience: &str, life: i64) -> Person {
        let until = NOW.checked_add_signed(life).unwrap();
        let claims = json!({ "iss": self.page.issuer(), "sub": subject, "aud": audience, "exp": until, "preferred_username": subject });
        Person {
            token: Some(self.key.token(&claims)),
            ..Person::default()
        }
    }
}

// rule: mcp-elicit-same-person
#[tokio::test]
async fn who_is_vouched_for_sees_his_list_without_a_password_and_signs_in() {
    let house = House::new().await;
    let mut bob = house.browser("bob", "mcphub", 300);
    let list = bob.opens(&house.stage, "/connect").await;
    assert!(
        !list.text.contains("type=\"password\"") && list.text.contains("user bob"),
        "{}",
        list.text
    );
    let shared = bob.sends_form(&house.stage, "server=everybodys").await;
    assert_eq!(
        (shared.status, onward(&shared)),
        (StatusCode::CONFLICT, None),
        "what all share is signed in to by an administrator"
    );
    bob.signs_in(&house.stage, "each", Decision::Allow).await;
    let view = |user: &str| {
        let account = Account::of("each", Some(user));
        house.stage.hub.sign_ins().view(&account)
    };
    assert!(view("bob").connected);
    let mut stranger = Person::default();
    let asked = stranger.opens(&house.stage, "/connect").await;
    assert!(asked.text.contains("type=\"password\""), "{}", asked.text);
}

// rule: mcp-elicit-same-person
#[tokio::test]
async fn a_link_is_followed_by_him_for_whom_it_is_and_by_nobody_else() {
    let house = House::new().await;
    let account = Account::of("each", Some("bob"));
    let mut bob = house.browser("bob", "mcphub", 300);
    // His first look makes him a user.
    bob.opens(&house.stage, "/connect").await;
    let ticket = house.stage.hub.sign_ins().ticket(&account, "anyone");
    let path = ticket.page.strip_prefix("http://localhost:3000").unwrap();
    let here = "http://localhost:3000/mcp";
    for (mut person, status, said) in [
        (
            house.browser("eve", "mcphub", 300),
            StatusCode::FORBIDDEN,
            "meant for somebody else",
        ),
        (
            house.browser("bob", "mcphub", -60),
            StatusCode::UNAUTHORIZED,
            "expired",
        ),
        (
            house.browser("bob", here, 300),
            StatusCode::UNAUTHORIZED,
            "another address",
        ),
        (Person::default(), StatusCode::OK, "Show with your account"),
    ] {
        let page = person.opens(&house.stage, path).await;
        assert_eq!(page.status, status, "{}", page.text);
        assert!(page.text.contains(said), "{said}: {}", page.text);
        let clicked = person.sends_form_to(&house.stage, path, "").await;
        assert_eq!(onward(&clicked), None, "{}", clicked.text);
    }
    let page = bob.opens(&house.stage, path).await;
    assert!(
        !page.text.contains("type=\"password\"") && page.text.contains("bob, as the login server"),
        "{}",
        page.text
    );
    let clicked = bob.sends_form_to(&house.stage, path, "").await;
    assert!(onward(&clicked).is_some(), "{}", clicked.text);
}

// rule: mcp-elicit-same-person
#[tokio::test]
async fn the_walk_of_somebody_else_makes_nobody_that_other_one() {
    let house = House::new().await;
    let mut mallory = Person::default();
    mallory.opens(&house.stage, "/connect").await;
    mallory
        .sends_form(&house.stage, "username=mallory&password=mallorys+word")
        .await;
    let list = mallory.opens(&house.stage, "/connect").await;
    assert!(list.text.contains("user mallory"), "{}", list.text);
    for (life, who) in [(300, "user bob"), (-60, "expired")] {
        let mut bob = house.browser("bob", "mcphub", life);
        bob.cookies = mallory.cookies.clone();
        let list = bob.opens(&house.stage, "/connect").await;
        assert!(
            list.text.contains(who) && !list.text.contains("mallory"),
            "{}",
            list.text
        );
        if life > 0 {
            bob.signs_in(&house.stage, "each", Decision::Allow).await;
        } else {
            let clicked = bob.sends_form(&house.stage, "server=each").await;
            assert_eq!(onward(&clicked), None, "{}", clicked.text);
        }
    }
    for (user, connected) in [("bob", true), ("mallory", false)] {
        let account = Account::of("each", Some(user));
        let view = house.stage.hub.sign_ins().view(&account);
        assert_eq!(view.connected, connected, "{user}");
    }
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn a_click_that_takes_long_is_of_who_its_sender_is_when_it_is_there() {
    let house = House::new().await;
    let mut anna = house.browser("anna", "mcphub", 300);
    anna.opens(&house.stage, "/connect").await;
    let rights = async |is_admin: bool| {
        let body = Some(json!({ "isAdmin": is_admin }));
        let path = "/api/users/anna";
        let changed = house.stage.ask(http::Method::PUT, path, body).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    };
    rights(true).await;
    anna.opens(&house.stage, "/connect").await;
    let account = Account::shared("everybodys");
    let ticket = house.stage.hub.sign_ins().ticket(&account, "anyone");
    let page = ticket.page.strip_prefix("http://localhost:3000").unwrap();
    for path in ["/connect", page] {
        rights(true).await;
        anna.opens(&house.stage, path).await;
        let (rest, comes) = tokio::sync::oneshot::channel::<String>();
        let comes = async move { Ok::<_, std::convert::Infallible>(comes.await.unwrap()) };
        let body = axum::body::Body::from_stream(futures::stream::once(comes));
        let clicking = house.stage.send(anna.dressed(click(path, body)));
        let taking = async {
            rights(false).await;
            rest.send(format!("tie={}&server=everybodys", anna.tie))
                .unwrap();
        };
        let (answer, ()) = tokio::join!(clicking, taking);
        assert_eq!(onward(&answer), None, "{path}: {}", answer.text);
    }
}
