//! A page of a longer list, in MCPHub's shape.

use serde::Serialize;
use utoipa::ToSchema;

/// Where a page stands in the whole list.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pagination {
    page: usize,
    limit: usize,
    total: usize,
    total_pages: usize,
    has_next_page: bool,
    has_prev_page: bool,
}

/// The page of this number, counted from 1, of `limit` entries, neither of them 0. One behind the last is empty.
pub(super) fn cut<T>(all: &[T], page: usize, limit: usize) -> (&[T], Pagination) {
    let (total, total_pages) = (all.len(), all.len().div_ceil(limit));
    let pagination = Pagination {
        page,
        limit,
        total,
        total_pages,
        has_next_page: page < total_pages,
        has_prev_page: page > 1,
    };
    let shown = all.chunks(limit).nth(page - 1).unwrap_or_default();
    (shown, pagination)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_all_in_order_and_know_what_is_beside_them() {
        let all = [1, 2, 3, 4, 5];
        for (page, limit, shown, (pages, next, before)) in [
            (1, 2, &[1, 2][..], (3, true, false)),
            (3, 2, &[5], (3, false, true)),
            (4, 2, &[], (3, false, true)),
            (usize::MAX, usize::MAX, &[], (1, false, true)),
            (1, 5, &all, (1, false, false)),
        ] {
            let (found, pagination) = cut(&all, page, limit);
            let place = Pagination {
                page,
                limit,
                total: 5,
                total_pages: pages,
                has_next_page: next,
                has_prev_page: before,
            };
            assert_eq!((found, pagination), (shown, place), "{page} of {limit}");
        }
        assert!(cut::<u8>(&[], 1, 2).0.is_empty());
    }
}
