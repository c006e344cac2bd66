//! Writes `crates/web/openapi.json` anew, the description of `/api` that is looked at before it is committed:
//! `cargo run -p mcphub-web --example openapi`

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    std::fs::write(path, mcphub_web::description())
}
