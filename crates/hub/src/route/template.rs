//! Whether an address could come out of a URI template (RFC 6570), as far as routing needs it: an expression stands for any
//! text, literals must be there in order. Leaves out what the operators make of values.

/// Whether the address could be an expansion of the template.
pub(super) fn fits(template: &str, uri: &str) -> bool {
    let literals = literals(template);
    let (Some(first), Some(last)) = (literals.first(), literals.last()) else {
        return false;
    };
    if literals.len() == 1 {
        return uri == *first;
    }
    let Some(mut rest) = uri
        .strip_prefix(first)
        .and_then(|rest| rest.strip_suffix(last))
    else {
        return false;
    };
    for literal in &literals[1..literals.len() - 1] {
        match rest.find(literal) {
            Some(at) => rest = &rest[at + literal.len()..],
            None => return false,
        }
    }
    true
}

/// How many bytes of a template are literal.
pub(super) fn literal(template: &str) -> usize {
    literals(template).iter().map(|literal| literal.len()).sum()
}

/// The texts around the expressions: one more than there are expressions.
fn literals(template: &str) -> Vec<&str> {
    let mut literals = Vec::new();
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once('{') {
        let Some((_, after)) = after.split_once('}') else {
            break;
        };
        literals.push(literal);
        rest = after;
    }
    literals.push(rest);
    literals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_stands_for_any_text_and_literals_must_be_there() {
        for (template, uri, expected) in [
            ("test://{id}/data", "test://1/data", true),
            ("test://{id}/data", "test://1/other", false),
            ("test://{id}", "test://", true),
            ("test://fixed", "test://fixed", true),
            ("test://fixed", "test://fixed/more", false),
            ("file:///{+path}", "file:///a/b/c", true),
            ("a{x}b{y}c", "a1b2c", true),
            ("a{x}b{y}c", "a1c", false),
            ("a{x}ab", "ab", false),
            ("open{", "open{", true),
        ] {
            assert_eq!(fits(template, uri), expected, "{template} {uri}");
        }
    }

    #[test]
    fn the_more_literal_template_says_more() {
        assert!(literal("test://{id}/data") > literal("{+any}"));
    }
}
