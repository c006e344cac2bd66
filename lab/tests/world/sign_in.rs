//! The right way, from the first 401 to a tool call.

use mcphub_lab::{
    AuthMethod, Browser, Client, Consent, Decision, Endpoint, Iss, Registration, Switches, World,
};
use reqwest::StatusCode;
use serde_json::json;

use crate::plain::*;

#[tokio::test]
async fn a_correct_client_finds_its_way_from_401_to_a_tool_call() {
    let world = World::start(Switches::default()).await.unwrap();
    let refused = mcp(&world, &initialize(), None, None).await;
    assert_eq!(refused.status(), 401);
    let challenge = refused.headers()["www-authenticate"]
        .to_str()
        .unwrap()
        .to_owned();
    let (_, rest) = challenge.split_once("resource_metadata=\"").unwrap();
    let (metadata_url, _) = rest.split_once('"').unwrap();
    let resource = json_of(http().get(metadata_url).send().await.unwrap()).await;
    assert_eq!(resource["resource"], world.mcp_url());
    assert_eq!(resource["authorization_servers"], json!([world.issuer()]));
    let well_known = format!("{}/.well-known/oauth-authorization-server", world.issuer());
    let server = json_of(http().get(well_known).send().await.unwrap()).await;
    assert_eq!(server["issuer"], world.issuer());
    assert_eq!(server["token_endpoint"], world.endpoint_url("token"));
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));

    let (client_id, tokens) = signed_in(&world).await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    let access = text(&tokens, "access_token");
    let session = session(&world, access).await;
    let answer = json_of(
        mcp(
            &world,
            &call("whoami", &json!({})),
            Some(access),
            Some(&session),
        )
        .await,
    )
    .await;
    let who = &answer["result"]["structuredContent"];
    assert_eq!(who["subject"], "ada");
    assert_eq!(who["clientId"], client_id);
    assert_eq!(who["audience"], world.mcp_url());

    let counts = world.counts();
    assert_eq!(
        (counts.registered, counts.codes_issued, counts.tokens_issued),
        (1, 1, 1)
    );
    assert_eq!(counts.of(Endpoint::Token), 1);
    assert_eq!(counts.tools_called, 1);
}

#[tokio::test]
async fn the_way_back_carries_code_state_and_issuer() {
    let world = World::start(Switches::default()).await.unwrap();
    let client_id = public_client(&world).await;
    let back = way_back(&world, &authorization(&world, &client_id), Decision::Allow).await;
    assert!(field(&back, "code").is_some());
    assert_eq!(field(&back, "state"), Some("s1"));
    assert_eq!(field(&back, "iss"), Some(world.issuer().as_str()));
}

#[tokio::test]
async fn a_denial_says_so_to_the_client() {
    let world = World::start(Switches::default()).await.unwrap();
    let client_id = public_client(&world).await;
    let back = way_back(&world, &authorization(&world, &client_id), Decision::Deny).await;
    assert_eq!(field(&back, "error"), Some("access_denied"));
    assert_eq!(field(&back, "state"), Some("s1"));
    assert_eq!(field(&back, "code"), None);
}

#[tokio::test]
async fn the_page_names_client_resource_and_scopes_and_is_answered_once() {
    let world = World::start(Switches::default()).await.unwrap();
    let client_id = public_client(&world).await;
    let fields = with(authorization(&world, &client_id), "scope", "tools:read");
    let browser = Browser::new().unwrap();
    let page = browser
        .open(&authorization_url(&world, &fields))
        .await
        .unwrap();
    assert_eq!(page.status, 200);
    for said in [
        "Plain",
        &world.mcp_url(),
        "tools:read",
        "Allow",
        "Deny",
        "http://127.0.0.1:9<",
    ] {
        assert!(page.body.contains(said), "{said} is missing");
    }
    assert!(!page.body.contains("<script"));
    let (_, rest) = page.body.split_once("name=\"request\" value=\"").unwrap();
    let (name, _) = rest.split_once('"').unwrap();
    let decision = [
        ("request", name.to_owned()),
        ("decision", "allow".to_owned()),
    ];
    let first = post_form(world.endpoint_url("authorize"), &decision).await;
    let second = post_form(world.endpoint_url("authorize"), &decision).await;
    assert_eq!(
        (first.status(), second.status()),
        (StatusCode::SEE_OTHER, StatusCode::BAD_REQUEST)
    );
    assert_eq!(world.counts().codes_issued, 1);
}

#[tokio::test]
async fn another_person_can_sign_in() {
    let world = World::start(Switches::default()).await.unwrap();
    let client_id = public_client(&world).await;
    let url = authorization_url(&world, &authorization(&world, &client_id));
    let back = Browser::of("grace")
        .unwrap()
        .decide(&url, Decision::Allow)
        .await
        .unwrap();
    let back: Vec<_> = url::Url::parse(&back)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect();
    let (_, tokens) = token(
        &world,
        &exchange(&world, &client_id, field(&back, "code").unwrap()),
    )
    .await;
    let access = text(&tokens, "access_token");
    let session = session(&world, access).await;
    let answer = json_of(
        mcp(
            &world,
            &call("whoami", &json!({})),
            Some(access),
            Some(&session),
        )
        .await,
    )
    .await;
    assert_eq!(answer["result"]["structuredContent"]["subject"], "grace");
}

#[tokio::test]
async fn consent_can_be_given_without_a_page() {
    let world = World::start(Switches {
        consent: Consent::Allow,
        ..Switches::default()
    })
    .await
    .unwrap();
    let client_id = public_client(&world).await;
    let page = Browser::new()
        .unwrap()
        .open(&authorization_url(
            &world,
            &authorization(&world, &client_id),
        ))
        .await
        .unwrap();
    assert_eq!(page.status, 303);
    assert!(page.location.unwrap().contains("code="));
    assert_eq!(world.counts().of(Endpoint::Decision), 0);
}

#[tokio::test]
async fn the_issuer_parameter_obeys_its_switch() {
    let world = World::start(Switches {
        consent: Consent::Allow,
        ..Switches::default()
    })
    .await
    .unwrap();
    let client_id = public_client(&world).await;
    let issuer = world.issuer();
    let expected = [
        (Iss::Promised, Some(issuer.as_str())),
        (Iss::Unpromised, Some(issuer.as_str())),
        (Iss::Missing, None),
        (Iss::MissingOnDenial, Some(issuer.as_str())),
        (Iss::Absent, None),
        (Iss::Wrong, Some("https://other.test")),
    ];
    for (iss, sent) in expected {
        world.switches(|switches| switches.iss = iss);
        let back = way_back(&world, &authorization(&world, &client_id), Decision::Allow).await;
        assert_eq!(field(&back, "iss"), sent, "{iss:?}");
    }
    world.switches(|switches| {
        switches.iss = Iss::MissingOnDenial;
        switches.consent = Consent::Deny;
    });
    let back = way_back(&world, &authorization(&world, &client_id), Decision::Deny).await;
    assert_eq!(field(&back, "iss"), None);
}

#[tokio::test]
async fn a_client_made_by_hand_signs_in_with_basic_and_no_other_way() {
    let world = World::start(Switches {
        registration: Registration::Absent,
        ..Switches::default()
    })
    .await
    .unwrap();
    world.register(Client::by_hand("a b", "p+%:/é", REDIRECT));
    assert_eq!(
        register(&world, &json!({ "redirect_uris": [REDIRECT] }))
            .await
            .status(),
        404
    );
    let code = code(&world, "a b").await;
    let fields = without(exchange(&world, "a b", &code), "client_id");
    let with_post = with(
        with(fields.clone(), "client_id", "a b"),
        "client_secret",
        "p+%:/é",
    );
    let (status, answer) = token(&world, &with_post).await;
    assert_eq!((status, &answer["error"]), (401, &json!("invalid_client")));
    let basic = http()
        .post(world.endpoint_url("token"))
        .header("authorization", "Basic YStiOnAlMkIlMjUlM0ElMkYlQzMlQTk=")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&fields));
    assert_eq!(basic.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn registration_decides_the_method_and_hands_out_what_it_needs() {
    let world = World::start(Switches::default()).await.unwrap();
    let body = json!({ "redirect_uris": [REDIRECT], "software_id": "kept" });
    let answer = json_of(register(&world, &body).await).await;
    assert_eq!(answer["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(answer["client_secret_expires_at"], 0);
    assert_eq!(answer["software_id"], "kept");
    assert_eq!(answer["grant_types"], json!(["authorization_code"]));
    world.switches(|switches| {
        switches.registers_as = Some(AuthMethod::None);
        switches.secret_for_public_clients = true;
        switches.registration_status = 200;
        switches.secret_life = Some(60);
    });
    let answer = register(&world, &body).await;
    assert_eq!(answer.status(), 200);
    let answer = json_of(answer).await;
    assert_eq!(answer["token_endpoint_auth_method"], "none");
    assert!(answer["client_secret"].is_string());
    assert!(answer["client_secret_expires_at"].as_u64().unwrap() > 0);
}
