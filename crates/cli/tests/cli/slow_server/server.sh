#!/bin/sh
# An MCP server over standard input and output whose tool says through the pipe `called` in the folder $1 that it was called, and
# answers when somebody writes into the pipe `go`. While it works it hears nothing, not even the end of its input.
echo $$ > "$1/started"
while read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case "$line" in
    *'"initialize"'*)
      echo '{"jsonrpc":"2.0","id":'"$id"',"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"slow","version":"1"}}}' ;;
    *'"tools/list"'*)
      echo '{"jsonrpc":"2.0","id":'"$id"',"result":{"tools":[{"name":"wait","inputSchema":{"type":"object"}}]}}' ;;
    *'"tools/call"'*)
      echo called > "$1/called"
      read -r go < "$1/go"
      echo '{"jsonrpc":"2.0","id":'"$id"',"result":{"content":[{"type":"text","text":"done at '"$go"'"}]}}' ;;
    *)
      if [ -n "$id" ]; then
        echo '{"jsonrpc":"2.0","id":'"$id"',"error":{"code":-32601,"message":"unknown"}}'
      fi ;;
  esac
done
