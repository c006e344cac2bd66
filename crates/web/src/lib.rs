//! All that listens: `/mcp`, `/api`, the callback and its pages.
