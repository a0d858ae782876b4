#!/bin/sh
# Ask by text, with or without a photo:
#
#   examples/curl/ask.sh "Where is my order W10002?"
#   examples/curl/ask.sh "Is this in stock?" photo.jpg
#
# PARLEY_URL is the agent, http://127.0.0.1:8080; PARLEY_KEY a key or a token, where the
# agent asks for one. What comes back is the events of the answer.
set -eu
agent=${PARLEY_URL:-http://127.0.0.1:8080}
ask() { curl -sS --fail-with-body ${PARLEY_KEY:+-H "Authorization: Bearer $PARLEY_KEY"} "$@"; }

id=$(ask -X POST "$agent/v1/conversations" | sed 's/.*"id":"\([^"]*\)".*/\1/')
if [ $# -gt 1 ]; then
	ask -N -F text="$1" -F photo=@"$2" "$agent/v1/conversations/$id/messages"
else
	ask -N -F text="$1" "$agent/v1/conversations/$id/messages"
fi
