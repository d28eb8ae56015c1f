#!/bin/sh
# kafkajs (JavaScript).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
npm install --silent --no-save --no-audit --no-fund kafkajs@2.2.4
cp "$here/kafkajs/main.js" .
node main.js
