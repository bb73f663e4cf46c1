#!/usr/bin/env node
import "../src/cli/s3ec.ts";
