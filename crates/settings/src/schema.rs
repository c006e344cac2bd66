//! The JSON Schema of the settings file, for editors: which keys there are, what they mean, and what they may hold.
//!
//! Draft 7, which editors know best. It says nothing against keys that it does not know: they are kept. A placeholder (`${NAME}`) may
//! stand wherever a text, a number or a flag does. That it has every key that the code reads is a test.

#[cfg(test)]
mod tests;

/// The text of the schema.
pub const SCHEMA: &str = include_str!("../schema/mcp_settings.json");
