//! What the variables of OpenTelemetry mean.

use super::*;

fn read(variables: &[(&str, &str)]) -> Result<Option<Wanted>, Failure> {
    wanted(&Environment::of(variables))
}

#[test]
fn without_the_address_of_a_collector_nothing_is_traced() {
    assert_eq!(read(&[]).unwrap(), None);
    assert_eq!(
        read(&[("OTEL_SERVICE_NAME", "x"), ("OTEL_TRACES_EXPORTER", "otlp")]).unwrap(),
        None
    );
    let there = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
    assert_eq!(
        read(&[there, ("OTEL_TRACES_EXPORTER", "none")]).unwrap(),
        None
    );
    assert_eq!(read(&[there, ("OTEL_SDK_DISABLED", "true")]).unwrap(), None);
    assert!(read(&[there]).unwrap().is_some());
}

#[test]
fn the_general_address_is_a_folder_and_the_one_of_traces_the_place_itself() {
    let place = |variables: &[(&str, &str)]| read(variables).unwrap().unwrap().endpoint.to_string();
    let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318/otlp/");
    assert_eq!(place(&[general]), "http://localhost:4318/otlp/v1/traces");
    let own = (
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "https://traces.example.com/x",
    );
    assert_eq!(place(&[general, own]), "https://traces.example.com/x");
}

#[test]
fn headers_time_and_name_are_read() {
    let wanted = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Api-Key=secret, x=1"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x=2"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1500"),
        ("OTEL_SERVICE_NAME", "my hub"),
    ]);
    let wanted = wanted.unwrap().unwrap();
    let header = |name: &str| wanted.headers.get(name).map(String::as_str);
    assert_eq!(
        (header("api-key"), header("x")),
        (Some("secret"), Some("2"))
    );
    assert_eq!(wanted.time, Duration::from_millis(1500));
    assert_eq!(wanted.service.as_deref(), Some("my hub"));
}

#[test]
fn headers_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("headers");
    std::fs::write(&path, "api-key=secret\n").unwrap();
    for variable in [
        "OTEL_EXPORTER_OTLP_HEADERS_FILE",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE",
    ] {
        let wanted = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"),
            (variable, path.to_str().unwrap()),
        ]);
        assert_eq!(wanted.unwrap().unwrap().headers["api-key"], "secret");
    }
}

#[test]
fn what_cannot_be_done_is_said_and_no_header_is_shown() {
    let there = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
    for (variables, said) in [
        (
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318")],
            "OTEL_EXPORTER_OTLP_ENDPOINT is no address",
        ),
        (
            vec![there, ("OTEL_TRACES_EXPORTER", "zipkin")],
            "OTEL_TRACES_EXPORTER is zipkin",
        ),
        (
            vec![there, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
            "does not speak",
        ),
        (
            vec![there, ("OTEL_EXPORTER_OTLP_TIMEOUT", "1s")],
            "no number of milliseconds",
        ),
        (
            vec![there, ("OTEL_EXPORTER_OTLP_HEADERS", "secret")],
            "a header without a value",
        ),
    ] {
        let text = read(&variables).unwrap_err().to_string();
        assert!(text.contains(said) && !text.contains("secret"), "{text}");
    }
}
