#!/usr/bin/env node
import "../src/app/main.ts";
