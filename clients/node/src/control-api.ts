// Generated from schemas/admin/openapi.yaml by `npm run types`. Do not edit.
// SHA-256 of that file: 4f69b4b3403f22eecd6dd6eec75edda22a25307674c8589c7204d29e5e4128d4

export interface paths {
    "/__admin/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check readiness
         * @description A server accepts connections only after contract and scenarios are loaded, so any response means that it is ready.
         */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get name and version
         * @description Name and version of the server.
         */
        get: operations["get_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the contract of LeadConduit
         * @description A page with every operation, by tag, with evidence, examples, and a form that sends a request to a sandbox.
         */
        get: operations["get_reference"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/docs/control": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the reference of the control API
         * @description A page with every call of this API.
         */
        get: operations["get_control_reference"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/ui/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Open the web console
         * @description A page that shows and changes the state of the server. It loads without a token, and reads its data with it.
         */
        get: operations["get_console"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/ui": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Redirect to the web console
         * @description The page has relative links, so its address ends with a slash.
         */
        get: operations["redirect_to_console"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/ui/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a file of the web console
         * @description A script, a style sheet or an image. An unchanged file gives 304.
         */
        get: operations["get_console_file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/docs/problems": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Explain every type of problem
         * @description A page without scripts. The `type` of every problem refers to a section of it.
         */
        get: operations["get_problems_page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the contract of LeadConduit
         * @description The OpenAPI document that the mock follows, as `leadconduit-mock openapi` prints it.
         */
        get: operations["get_openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/admin-openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get this document
         * @description The OpenAPI document of the control API.
         */
        get: operations["get_admin_openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/scenarios": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List scenarios
         * @description The built-in scenarios and those of `--scenarios`.
         */
        get: operations["list_scenarios"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/scenario": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the scenario of the sandbox
         * @description The scenario that the sandbox uses.
         */
        get: operations["get_scenario"];
        /**
         * Switch to another scenario
         * @description World, clock, faults and the counters of rules become those of the start of the scenario. With `keep_world`, only the conditions and rules change. The journal, the coverage and the numbers of requests are kept in either case, so that a later verdict still covers the requests before the switch; `reset` clears them. Snapshots are kept. The command `leadconduit-mock use` makes this call.
         */
        put: operations["use_scenario"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reset the sandbox
         * @description World, clock, faults and counters become those of the start of its scenario, and journal and coverage are cleared; `cleared` says how much they had. Snapshots are kept. The command `leadconduit-mock reset` makes this call.
         */
        post: operations["reset_sandbox"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/faults": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List faults
         * @description The faults that were added to the sandbox, in the order in which they are evaluated.
         */
        get: operations["list_faults"];
        put?: never;
        /**
         * Add a fault
         * @description The rule is validated like those of scenarios, and applies from the next request on. After `ttl` it no longer applies; it stays in the list until it is removed.
         */
        post: operations["add_fault"];
        /**
         * Remove all faults
         * @description Removes the faults that were added to the sandbox. The rules of its scenario are kept.
         */
        delete: operations["delete_faults"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/faults/{id}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The id of the fault.
                 * @example fault-1
                 */
                id: components["parameters"]["FaultId"];
            };
            cookie?: never;
        };
        /**
         * Get a fault
         * @description The rule, with the number of requests that it matched and that it was applied to.
         */
        get: operations["get_fault"];
        put?: never;
        post?: never;
        /**
         * Remove a fault
         * @description The fault no longer applies from the next request on.
         */
        delete: operations["delete_fault"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/state": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export the state
         * @description A document that `PUT /__admin/state` accepts, on this server or on another of the same version and contract.
         */
        get: operations["export_state"];
        /**
         * Import a state
         * @description The whole state is validated first. A state with errors is rejected and changes nothing; the problem lists all errors.
         */
        put: operations["import_state"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/state/{collection}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The collection, such as `connections`, `flows`, `accounts`, `sso_accounts` or `sso_connections`.
                 * @example connections
                 */
                collection: components["parameters"]["CollectionName"];
            };
            cookie?: never;
        };
        /**
         * List the documents of a collection
         * @description The documents of all accounts. Besides the collections of scenario files there are `accounts`, `sso_accounts` and `sso_connections`: the entries of the single sign-on service.
         */
        get: operations["list_documents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/state/{collection}/{id}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The collection, such as `connections`, `flows`, `accounts`, `sso_accounts` or `sso_connections`.
                 * @example connections
                 */
                collection: components["parameters"]["CollectionName"];
                /**
                 * @description The id of the document.
                 * @example 5d9a4c421d011c553e000001
                 */
                id: components["parameters"]["DocumentId"];
            };
            cookie?: never;
        };
        /**
         * Get a document
         * @description The document as the state of the sandbox has it.
         */
        get: operations["get_document"];
        /**
         * Create or replace a document
         * @description The document is validated against its model. It replaces the one with its id, also in its account. Times such as `now - 2h` are relative to the clock of the sandbox.
         */
        put: operations["put_document"];
        post?: never;
        /**
         * Remove a document
         * @description Accounts cannot be removed.
         */
        delete: operations["delete_document"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/sso": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * Get the health of the single sign-on service
         * @description Whether LeadConduit can reach the service, in the words of scenario files.
         */
        get: operations["get_sso"];
        /**
         * Set the health of the single sign-on service
         * @description It applies from the next request on, until another scenario, a rule or a call sets it again. With `for`, it ends by itself on the clock of the sandbox, and the health before it returns. The entries of the service are documents in `sso_accounts` and `sso_connections`.
         */
        put: operations["set_sso"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/leads/{id}/trace": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The id of the lead.
                 * @example 69e3b1a2940df5a34a388e01
                 */
                id: string;
            };
            cookie?: never;
        };
        /**
         * Trace a lead through its flow
         * @description The events of the lead in their order, with the calls to recipients; what decided, if the journal still has the submission. Secrets are replaced by `***`, as in the journal.
         */
        get: operations["trace_lead"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/snapshots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List snapshots
         * @description Named copies of the state, kept in memory until the sandbox ends.
         */
        get: operations["list_snapshots"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/snapshots/{name}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The name of the snapshot.
                 * @example before-import
                 */
                name: components["parameters"]["SnapshotName"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a snapshot
         * @description A snapshot with the same name is replaced.
         */
        post: operations["take_snapshot"];
        /**
         * Delete a snapshot
         * @description The state of the sandbox does not change.
         */
        delete: operations["delete_snapshot"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/snapshots/{name}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore a snapshot
         * @description The state of the sandbox becomes that of the snapshot. The snapshot is kept and can be restored again.
         */
        post: operations["restore_snapshot"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/clock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the clock
         * @description The time of the sandbox, and whether it runs.
         */
        get: operations["get_clock"];
        /**
         * Set the clock
         * @description Exactly one of: freeze it, advance it, resume it, or reset it to the clock of the server's start. Advancing keeps a frozen clock frozen and a running clock running.
         */
        put: operations["set_clock"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/sandboxes": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * List sandboxes
         * @description All existing sandboxes, also those of other clients.
         */
        get: operations["list_sandboxes"];
        put?: never;
        post?: never;
        /**
         * End all sandboxes
         * @description Their state and snapshots are discarded. The sandbox `default` is reset to the state at server start.
         */
        delete: operations["delete_sandboxes"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/sandboxes/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Create a sandbox
         * @description A sandbox is also created when it is first selected; this call needs no request to it, and can select its scenario. An existing sandbox is kept; when the body names another scenario than its own, it starts with it.
         */
        put: operations["create_sandbox"];
        post?: never;
        /**
         * End a sandbox
         * @description Its state and snapshots are discarded. It is created again when it is next selected; `default` at once.
         */
        delete: operations["delete_sandbox"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Verify expectations
         * @description Evaluates expectations against the journal of the sandbox. Each expectation is one of these:
         *
         *     - **Count.** `operation`, `request` (a WireMock request pattern) and `status` select exchanges; `exactly`,
         *       `at_least`, `at_most` or `never` give their number. The default is at least one.
         *     - **`order`.** The steps occurred in this order. Other exchanges may be between them, unless `strict` is true.
         *     - **`repaired`.** A request was rejected with `status` (default 409 or 422), and the client fixed the cause. For
         *       every such request, the client must not have sent the same again (method, path, query and body) unless it
         *       succeeded in the end, and a later request of the account must have succeeded: one that matches `by`, when it
         *       is given.
         *     - **`no_violations`**, **`no_unmatched`**. No request broke the contract; every request matched an operation or a
         *       rule. `operation`, `request` and `status` can select the requests.
         *
         *     `after` (the number of a request) and `since` (a time) limit one expectation, or all of them.
         *
         *     `exchanges` is the number of exchanges in the examined range, whether they match or not. An outcome that is based
         *     on none is `inconclusive`, and not passed, unless `allow_empty` is true, for one expectation or for all.
         *
         *     The journal is bounded, has only the beginning of large bodies, and no secrets. When it has dropped exchanges or
         *     is disabled, or when exchanges cannot be compared, an expectation can be `inconclusive` too; `reason` says why.
         *     Requests are compared in the order of their arrival.
         *
         *     With `?wait=1500` or `?wait=2s`, the response waits so long for a verdict that is passed, and comes as soon
         *     as it is, or as soon as no further request can change it.
         *
         *     The status is 200 whether the verdict is passed or not. With `?fail=true`, a verdict that is not passed has the
         *     status 409, for `curl --fail`. With `?format=text`, or when `Accept` begins with `text/plain`, it is text; with
         *     `?format=junit`, or when `Accept` begins with `application/xml`, it is JUnit XML, with a case per expectation.
         */
        post: operations["verify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/coverage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get coverage
         * @description The counts since the start of the sandbox, compared with everything that the contract documents. With `sandbox=*`, the counts of all sandboxes since the server started, also of those that were reset or have ended. The command `leadconduit-mock report` reads, merges and formats this document. Equal counts give equal bytes.
         */
        get: operations["get_coverage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stream events
         * @description Server-sent events until the client disconnects: `exchange` for every request and its response, then `violation` when the request broke the contract and `fault_applied` when a rule or a fault was applied; `switch` when the sandbox uses another scenario or a changed file of the same one; `reset`; `fault` when control calls add or remove faults; `clock`; and `state` when a state is imported, a snapshot restored, a single document changed, or the health of the single sign-on service. The data of each event is one JSON object; its `sandbox` is the name of the sandbox. Exchanges come in the order of their completion, which need not be that of their numbers. Secrets are replaced by `***`. Clients that read too slowly are disconnected. The command `leadconduit-mock tail` shows these events.
         */
        get: operations["listen_to_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get metrics for Prometheus
         * @description Counts of all sandboxes since the server started, in OpenMetrics 1.0. Counters never decrease, also when a
         *     sandbox is reset or ends.
         *
         *     | name | labels | value |
         *     |---|---|---|
         *     | `leadconduit_mock_build_info` | `version` | 1 |
         *     | `leadconduit_mock_requests_total` | `operation`, `status` | requests; `operation` is `none` for those without an operation |
         *     | `leadconduit_mock_request_duration_seconds` | `operation`, `le` | processing time without the delays of rules: a histogram |
         *     | `leadconduit_mock_unmatched_total` | | requests that no operation, rule or part of the mock answered |
         *     | `leadconduit_mock_violating_requests_total` | | requests that broke the contract |
         *     | `leadconduit_mock_violations_total` | `operation`, `code` | violations of the contract |
         *     | `leadconduit_mock_faults_total` | `kind` | effects of rules and faults: `status`, `delay`, the name of a fault |
         *     | `leadconduit_mock_journal_dropped_total` | | exchanges that journals dropped because of their limits |
         *     | `leadconduit_mock_journal_entries`, `leadconduit_mock_journal_bytes` | | exchanges in all journals, and their size |
         *     | `leadconduit_mock_sandboxes` | | existing sandboxes |
         *
         *     Control calls are not counted.
         */
        get: operations["show_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List requests
         * @description The exchanges in the journal of the sandbox, newest first, in the format of WireMock. Control calls are not recorded, and secrets are replaced by `***`. Filters can be combined.
         */
        get: operations["list_requests"];
        put?: never;
        post?: never;
        /**
         * Clear the journal
         * @description Coverage and metrics do not change.
         */
        delete: operations["clear_journal"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests/{id}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The number of the request, as in `X-Mock-Request-Id`, or its id.
                 * @example 7
                 */
                id: components["parameters"]["RequestId"];
            };
            cookie?: never;
        };
        /**
         * Get a request with its response
         * @description By its number in the sandbox, or by its id.
         */
        get: operations["get_request"];
        put?: never;
        post?: never;
        /**
         * Remove a request from the journal
         * @description Coverage and metrics do not change.
         */
        delete: operations["delete_request"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests/{id}/replay": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The number of the request, as in `X-Mock-Request-Id`, or its id.
                 * @example 7
                 */
                id: components["parameters"]["RequestId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a request again
         * @description Runs the recorded request once more in its sandbox, with a key of the same caller. The result is a new exchange in the journal. The call does not wait for delays of rules. `notes` says what differs from the first request: secrets are not recorded.
         */
        post: operations["replay_request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests/{id}/compare": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The number of the request, as in `X-Mock-Request-Id`, or its id.
                 * @example 7
                 */
                id: components["parameters"]["RequestId"];
            };
            cookie?: never;
        };
        /**
         * Compare two exchanges
         * @description The values that differ, by RFC 6901 pointers: method, path, query, headers, status, bodies, scenario and delay. `Date` and `X-Mock-Request-Id` are ignored.
         */
        get: operations["compare_requests"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests/find": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Find requests
         * @description The requests in the journal that match a pattern, oldest first.
         */
        post: operations["find_requests"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests/count": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Count requests
         * @description The number of requests in the journal that match a pattern; -1 when it is not known, because the server has no journal, because requests could not be compared (`undecided`), or because none matches and others were dropped.
         */
        post: operations["count_requests"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Remove requests
         * @description Removes the requests that match a pattern from the journal, and returns them, oldest first.
         */
        post: operations["remove_requests"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Clear the journal
         * @description The same as `DELETE /__admin/requests`, for older clients.
         */
        post: operations["reset_journal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests/summaries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List requests without headers and bodies
         * @description The list of `GET /__admin/requests` with the data of the event `exchange` in place of whole exchanges, so that thousands can be listed.
         */
        get: operations["list_summaries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests/unmatched": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List unmatched requests
         * @description The requests that matched neither an operation nor a rule, or that could not be parsed, newest first.
         */
        get: operations["list_unmatched_requests"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests/unmatched/near-misses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List near misses of unmatched requests
         * @description For each of the newest 1000 unmatched requests, the three operations nearest to its method and path, with the differences.
         */
        get: operations["list_unmatched_near_misses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/near-misses/request": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Find the operations nearest to a request
         * @description The request in the body is not executed. Returns the three nearest operations; a match has the distance 0.
         */
        post: operations["near_misses_of_request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/near-misses/request-pattern": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Find the requests nearest to a pattern
         * @description Returns the three nearest requests in the journal, with the differences; a match has the distance 0.
         */
        post: operations["near_misses_of_pattern"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests/near-misses/request": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Find the operations nearest to a request
         * @description The same as `POST /__admin/near-misses/request`, for the client library wiremock-rest-client.
         */
        post: operations["near_misses_of_request_elsewhere"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/requests/near-misses/request-pattern": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Find the requests nearest to a pattern
         * @description The same as `POST /__admin/near-misses/request-pattern`, for the client library wiremock-rest-client.
         */
        post: operations["near_misses_of_pattern_elsewhere"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__admin/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Explain a response
         * @description Explains step by step how the response to a request comes about. A described request is executed on a copy of the sandbox that it selects (by default that of the call): nothing is changed or recorded. Alternatively the body names an exchange of the journal. The explanation includes a curl command and a scenario that reproduce it.
         */
        post: operations["explain"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description The name of a sandbox or snapshot. */
        Name: string;
        /** @description An error of the mock (RFC 9457). It can have more properties, depending on the problem. */
        Problem: {
            /**
             * Format: uri-reference
             * @description A reference to the page that explains this kind of problem, on the same server.
             */
            type: string;
            /** @description The kind of problem; the same text for all of its occurrences. */
            title: string;
            /** @description The status of the response. */
            status: number;
            /** @description What is wrong in this request, and what to do instead. */
            detail: string;
        };
        /** @description A problem that lists all errors of the body. */
        DiagnosticsProblem: components["schemas"]["Problem"] & {
            /** @description One text per error, with line and column. */
            diagnostics?: string[];
        };
        /** @description Metadata of a list. */
        Meta: {
            /** @description The number of items. */
            total: number;
        };
        /** @description The state of a server that is ready. */
        Health: {
            /**
             * @description A constant.
             * @constant
             */
            status: "healthy";
            /** @description The version of the server. */
            version: string;
            /** @description The number of operations of LeadConduit that the mock serves. */
            operations: number;
            /** @description The scenario of the sandbox. */
            scenario: string;
            /** @description What the server uses of its limits, by resource. Sandboxes and snapshots have `count` and `count_max`; documents, changelogs, events, cached responses and journals have `count`, `bytes` and `bytes_max`; deliveries, long computations and control calls have `running`, `running_max`, `waiting` and `waiting_max`. */
            usage: {
                [key: string]: {
                    /** @description How many exist. */
                    count?: number;
                    /** @description How many can exist. */
                    count_max?: number;
                    /** @description Their memory. */
                    bytes?: number;
                    /** @description The maximum of their memory. */
                    bytes_max?: number;
                    /** @description How many are running. */
                    running?: number;
                    /** @description How many can run at the same time. */
                    running_max?: number;
                    /** @description How many are in the queue. */
                    waiting?: number;
                    /** @description How many can be in the queue. */
                    waiting_max?: number;
                };
            };
            /** @description The last reload of scenario files. Absent without `--watch`. */
            watch?: {
                /**
                 * Format: date-time
                 * @description The time of the last reload, on the clock of the machine.
                 */
                last_read: string;
                /** @description Why the last reload failed. Absent when it succeeded. */
                error?: string;
            };
        };
        /** @description Name and version. */
        Version: {
            /**
             * @description A constant.
             * @constant
             */
            name: "leadconduit-mock";
            /** @description The version of the server. */
            version: string;
        };
        /** @description An OpenAPI 3.1 document. */
        Document: {
            /** @description The version of OpenAPI. */
            openapi: string;
            /** @description Title and version of the API. */
            info: Record<string, never>;
            /** @description The paths with their operations. */
            paths: Record<string, never>;
        };
        /** @description The start of a world and its behaviour. */
        Scenario: {
            /** @description The name of the scenario. */
            name: string;
            /** @description What the scenario demonstrates. */
            description: string;
            /** @description The scenario that it extends, if any. */
            extends?: string;
            /** @description True for scenarios that come with the server, false for those of `--scenarios`. */
            built_in: boolean;
        };
        /** @description The scenario of a sandbox, with its current effects. */
        SelectedScenario: components["schemas"]["Scenario"] & {
            /**
             * Format: date-time
             * @description When it was selected, on the clock of the sandbox.
             */
            since: string;
            sso: components["schemas"]["SsoHealth"];
            /** @description The rules of the scenario. */
            rules: {
                /** @description The name of the rule. */
                name: string;
                /** @description How many requests it matched. */
                matched: number;
                /** @description How many requests it was applied to. */
                applied: number;
                /** @description False once it has ended, because its time or its number of requests is used up. */
                active: boolean;
                /**
                 * Format: date-time
                 * @description When it ends. Absent for a rule without an end.
                 */
                ends_at?: string;
            }[];
        };
        /** @description The health of the single sign-on service, as in scenario files. */
        SsoHealth: {
            /**
             * @description Whether calls to it succeed.
             * @enum {string}
             */
            status: "up" | "down" | "slow" | "flapping" | "partial";
            /** @description With `slow`: the delay of each call in milliseconds, or its distribution. */
            latency?: number | string | Record<string, never>;
            /** @description With `flapping`: how many `calls` or `seconds` are `up` and then `down`. */
            flapping?: Record<string, never>;
            /** @description With `partial`: the operations whose calls fail. */
            operations?: string[];
            /**
             * Format: date-time
             * @description When it ends by itself, on the clock of the sandbox. Absent without an end.
             */
            ends_at?: string;
        };
        /** @description A health of the single sign-on service to set, as in scenario files. */
        SsoChange: {
            /**
             * @description Whether calls to it succeed.
             * @enum {string}
             */
            status: "up" | "down" | "slow" | "flapping" | "partial";
            /** @description With `slow`: the delay of each call in milliseconds, or its distribution. */
            latency?: number | string | Record<string, never>;
            /** @description With `flapping`: how many `calls` or `seconds` are `up` and then `down`. */
            flapping?: Record<string, never>;
            /** @description With `partial`: the operations whose calls fail. */
            operations?: string[];
            /** @description How long it lasts on the clock of the sandbox, as a number of milliseconds or a text such as `30s`. Without it, it has no end. */
            for?: number | string;
        };
        /** @description A document of the state. */
        StoredDocument: {
            /** @description The id of the document. */
            id: string;
            /** @description The account that has it; `null` for entries of the single sign-on service. */
            account: string | null;
            /** @description The document. */
            document: Record<string, never>;
        };
        /** @description Documents of a collection. */
        DocumentList: {
            /** @description The documents, by account and id. */
            documents: components["schemas"]["StoredDocument"][];
            meta: components["schemas"]["Meta"];
        };
        /** @description A sandbox to create. */
        NewSandbox: {
            /** @description The scenario that it starts with. */
            scenario?: string;
        };
        /** @description A reference to an entity; `null` when the events have none. */
        EntityReference: {
            /** @description The id. */
            id?: string | null;
            /** @description The name. */
            name?: string | null;
        } | null;
        /** @description A lead with the steps of its flow. */
        LeadTrace: {
            /** @description The id of the lead. */
            lead: string;
            account: components["schemas"]["EntityReference"];
            flow: components["schemas"]["EntityReference"];
            source: components["schemas"]["EntityReference"];
            /** @description Time and address of the submission. */
            submission: Record<string, never> | null;
            /** @description The outcome of the source event; `null` before it. */
            outcome: string | null;
            /** @description The reason of the source event. */
            reason: string | null;
            /** @description What decided, with `kind`, `id` and `description`; `null` when the journal has no submission of it. */
            decided_by: Record<string, never> | null;
            /** @description The number of the submission in the journal, if it is still there. */
            exchange: number | null;
            /** @description The events of the lead in their order. Besides these properties, a step has those of its event: costs, `rule_set` of a filter, `transactions` of a recipient. */
            steps: {
                /** @description The id of the event. */
                event: string;
                /** @description The start of the step. */
                started_at: string | null;
                /** @description The type of the event. */
                type: string;
                /** @description The outcome of the step. */
                outcome: string;
                /** @description The reason of the outcome. */
                reason?: string;
                /** @description The id of the step in the flow. */
                step_id?: string;
                /** @description The duration in milliseconds. */
                ms?: number;
                recipient?: components["schemas"]["EntityReference"];
            }[];
            meta: components["schemas"]["Meta"];
        };
        /** @description An exchange without headers and bodies, as in the event `exchange`. */
        Summary: {
            /** @description The number of the request in its sandbox. */
            id: number;
            /**
             * Format: date-time
             * @description The time of the request, on the clock of the sandbox.
             */
            at: string;
            /** @description The method. */
            method: string;
            /** @description The path. */
            path: string;
            /** @description The query without its question mark. */
            query: string | null;
            /** @description The operation. */
            operation: string | null;
            /** @description The status of the response. */
            status: number;
            /** @description The scenario of the sandbox. */
            scenario: string | null;
            /** @description Whether no operation, rule or part of the mock answered it. */
            unmatched: boolean;
            /** @description The processing time in microseconds. */
            took_us: number;
            /** @description The added delay in milliseconds. */
            delay_ms: number;
            /** @description How the connection was broken, if it was. */
            wire_fault: components["schemas"]["WireFault"] | null;
            /** @description Outcome and reason of a submission or ping. */
            lead: {
                /** @description The outcome. */
                outcome?: string;
                /** @description The reason. */
                reason?: string;
            } | null;
            /** @description How the request broke the contract, and findings that break no contract. */
            violations: components["schemas"]["Violation"][];
            /** @description The rules and faults that were applied. */
            applied_rules: {
                /** @description The name of the rule. */
                rule: string;
                /** @description Its effects. */
                effects: string[];
            }[];
            sandbox: components["schemas"]["Name"];
        };
        /** @description A request that was sent again. */
        Replay: {
            /** @description The number of the first request. */
            replayed: number;
            exchange: components["schemas"]["ServeEvent"];
            /** @description What differs from the first request. */
            notes: string[];
        };
        /** @description The differences between two exchanges. */
        Comparison: {
            first: components["schemas"]["Summary"];
            second: components["schemas"]["Summary"];
            /** @description Whether nothing differs. */
            equal: boolean;
            /** @description The values that differ. The side that does not have the value has no property. */
            differences: {
                /** @description RFC 6901 pointer into the exchange. */
                location: string;
                /** @description The value in the first exchange. */
                first?: unknown;
                /** @description The value in the second exchange. */
                second?: unknown;
            }[];
            /** @description How many differences are not listed. */
            further: number;
        };
        /** @description Scenarios. */
        ScenarioList: {
            /** @description The scenarios, in display order. */
            scenarios: components["schemas"]["Scenario"][];
            meta: components["schemas"]["Meta"];
        };
        /** @description The scenario to switch to. */
        ScenarioChoice: {
            /** @description The name of the scenario. */
            name: string;
            /**
             * @description True to keep world, clock and faults, and to change only conditions and rules.
             * @default false
             */
            keep_world?: boolean;
        };
        /** @description A sandbox after a reset. */
        ResetSandbox: components["schemas"]["Sandbox"] & {
            /** @description What was cleared. */
            cleared: {
                /** @description The exchanges in the journal. */
                exchanges: number;
                /** @description The exchanges that the journal had dropped before. */
                dropped: number;
                /** @description The exchanges in the counts of coverage. */
                counted: number;
            };
        };
        /** @description An isolated world. */
        Sandbox: {
            name: components["schemas"]["Name"];
            /** @description The scenario that it uses. */
            scenario: string;
            /**
             * Format: date-time
             * @description When the scenario was selected, on the clock of the sandbox.
             */
            scenario_since: string;
            /**
             * @description The health of the single sign-on service.
             * @enum {string}
             */
            sso: "up" | "down" | "slow" | "flapping" | "partial";
            /**
             * Format: date-time
             * @description When that health ends by itself. Absent without an end.
             */
            sso_ends_at?: string;
            /** @description The number of rules of the scenario. */
            rules: number;
            /** @description The journal. */
            journal: {
                /** @description The number of exchanges. */
                entries: number;
                /** @description The number of exchanges that were dropped because of the limits. */
                dropped: number;
            };
            clock: components["schemas"]["Clock"];
            /** @description The number of requests since its start. */
            requests: number;
            /** @description The number of its faults. */
            faults: number;
            /** @description The names of its snapshots. */
            snapshots: components["schemas"]["Name"][];
            /** @description Milliseconds since its last use, on the clock of the machine; 0 in responses about the own sandbox. */
            idle_ms: number;
        };
        /** @description Sandboxes. */
        SandboxList: {
            /** @description What the server started with, and new sandboxes start with. */
            start: {
                /** @description The scenario. */
                scenario: string;
                /** @description `real`, or the time of a frozen clock. */
                clock: string;
            };
            /** @description The items, sorted by name. */
            sandboxes: components["schemas"]["Sandbox"][];
            meta: components["schemas"]["Meta"];
        };
        /** @description The clock of a sandbox. */
        Clock: {
            /**
             * Format: date-time
             * @description The current time of the clock.
             */
            now: string;
            /**
             * @description Running or frozen.
             * @enum {string}
             */
            mode: "real" | "frozen";
            /** @description Milliseconds ahead of the clock of the machine; 0 when frozen. */
            offset_ms: number;
        };
        /** @description A change of the clock; exactly one of these. */
        ClockChange: {
            /** @description Freeze it, at the current time (`true`) or at a given time. */
            freeze?: true | string;
            /** @description Advance it by a duration: milliseconds as a number, or text such as `90s`, `1h30m` or `14d`. A day has 24 hours. */
            advance?: number | string;
            /**
             * @description Resume it from its current time.
             * @constant
             */
            resume?: true;
            /**
             * @description Set the clock of the server's start, which is the real time without `--clock`.
             * @constant
             */
            reset?: true;
        };
        /** @description Which requests get another response than the ordinary one, and which. `when`, `then` and `steps` are those of rules in scenarios; schemas/scenario.schema.json describes them. */
        Rule: {
            /** @description The name in the header `X-Mock-Fault` when it is applied. */
            name?: string;
            /** @description True to evaluate it before authentication, as a gateway would. */
            gate?: boolean;
            /** @description The requests that it matches. The default is all. */
            when?: Record<string, never>;
            /** @description The response or wire fault. */
            then?: Record<string, never>;
            /** @description A sequence of `then` objects, one per matching request. */
            steps?: Record<string, never>[];
            /** @description True to start over after the last step. */
            repeat?: boolean;
            /** @description The probability that it is applied when it matches, decided by the seed. */
            probability?: number;
            /** @description The largest number of requests that it is applied to. */
            times?: number;
            /** @description The number of matching requests before it is first applied. */
            after?: number;
            /** @description The number of matching requests of each caller before it is first applied. */
            succeed_first?: number;
            /** @description The time after which it ends, as a number of milliseconds or a text such as `30s`. */
            ttl?: number | string;
            /** @description Another name of `ttl`. */
            ttl_ms?: number | string;
            /**
             * @description When the time of `ttl` begins. The default is `start`, when the fault is added.
             * @enum {string}
             */
            ttl_from?: "start" | "first_match";
        };
        /** @description A rule that was added to a sandbox. */
        Fault: {
            /** @description The id of the fault. */
            id: string;
            rule: components["schemas"]["Rule"];
            /** @description How many requests it matched. */
            matched: number;
            /** @description How many requests it was applied to. */
            applied: number;
            /** @description False once it is not applied to any later request, because its time, its number of requests or its steps have ended. It stays listed, with its counts, until it is removed. */
            active: boolean;
            /**
             * Format: date-time
             * @description When it ends. Absent without `ttl` or `for`, and before the first match with `ttl_from: first_match` or `for`.
             */
            ends_at?: string;
        };
        /** @description Faults. */
        FaultList: {
            /** @description The faults, in the order in which they are evaluated. */
            faults: components["schemas"]["Fault"][];
            meta: components["schemas"]["Meta"];
        };
        /** @description A named copy of the state of a sandbox. */
        Snapshot: {
            name: components["schemas"]["Name"];
            /** @description The scenario of the sandbox. */
            scenario: string;
            /**
             * Format: date-time
             * @description The time on its clock.
             */
            now: string;
        };
        /** @description Snapshots. */
        SnapshotList: {
            /** @description The items, sorted by name. */
            snapshots: components["schemas"]["Snapshot"][];
            meta: components["schemas"]["Meta"];
        };
        /** @description The state of a sandbox. It contains API keys and credentials in clear text. */
        State: {
            /**
             * @description The version of this format.
             * @constant
             */
            version: 1;
            /** @description The scenario of the sandbox, for information. Importing a state does not change the scenario. */
            scenario?: string;
            /** @description `real`, `real + PT90S`, `real - PT90S`, or the time at which it is frozen. */
            clock: string;
            /** @description The seed of generated data and random choices. */
            seed: number;
            /** @description The number of random choices so far. */
            random_streams: number;
            /** @description The generator of document ids. */
            ids: {
                /** @description The five bytes in the middle of each id, in hexadecimal. */
                process: string;
                /** @description The last three bytes of the next id. */
                counter: number;
            };
            /** @description The number of calls to the single sign-on service, for `flapping`. */
            sso_calls: number;
            /**
             * Format: date-time
             * @description The start of the periods of a flapping service.
             */
            sso_since: string;
            /** @description The health of the single sign-on service for a limited time; `sso` has the health after it. */
            sso_temporary?: {
                /**
                 * Format: date-time
                 * @description The end, by the sandbox's clock.
                 */
                until: string;
                /** @description The health, as in `sso`, with `status`. */
                sso: Record<string, never>;
            };
            /** @description LeadConduit's own documents. */
            world: {
                /** @description The API keys. */
                keys: components["schemas"]["Key"][];
                /** @description The accounts with their documents. */
                accounts: Record<string, never>[];
            };
            /** @description The data and status of the single sign-on service. */
            sso: Record<string, never>;
        };
        /** @description A number of occurrences. */
        Count: number;
        /**
         * @description The evidence. Absent when it is undocumented.
         * @enum {string}
         */
        Evidence: "documented" | "observed" | "inferred";
        /** @description A number of covered units, and their total. */
        Covered: {
            /** @description The units that were exercised. */
            covered: number;
            /** @description All units. */
            total: number;
        };
        /** @description What clients have exercised, and how they broke the contract. Lists are sorted, and there are no times. */
        Coverage: {
            /**
             * @description The version of this format.
             * @constant
             */
            version: 1;
            /** @description The version of the mock that counted; several are separated by commas. */
            mock: string;
            /** @description The name of the sandbox; `*` for all. */
            sandbox: string;
            /** @description The operations to which the document is limited; absent for all of them. */
            selection?: string;
            summary: components["schemas"]["CoverageSummary"];
            /** @description Every operation of the contract, by path and method. */
            operations: components["schemas"]["CoverageOperation"][];
            /** @description The units that were not exercised, by operation. */
            left: components["schemas"]["CoverageLeft"][];
            /** @description Every scenario by name, with its number of requests. */
            scenarios: {
                /** @description The name of the scenario. */
                scenario: string;
                /** @description True for scenarios that come with the mock. */
                built_in: boolean;
                count: components["schemas"]["Count"];
            }[];
            /** @description The violations of the contract, by kind. */
            violations: components["schemas"]["CoverageViolation"][];
            /** @description Requests without an operation. */
            unmatched: {
                /** @description The method. */
                method: string;
                /** @description The path, without `/__sandbox/NAME`. */
                path: string;
                count: components["schemas"]["Count"];
            }[];
            /** @description The effects of rules and faults. */
            effects: {
                /** @description The effect without its numbers, such as `status`, `delay` or the name of a fault. */
                effect: string;
                count: components["schemas"]["Count"];
            }[];
            /** @description The number of requests. */
            exchanges: number;
            /** @description The number of requests that broke the contract. */
            violating: number;
            /** @description How many of the requests are CORS preflights, or what browsers request on their own. */
            handled_by_mock: number;
            /** @description How many of the requests were compared with the contract: not those without a valid key, and not those to which a rule responded before. Absent in reports that do not say it. */
            compared?: number;
            /** @description The number of violations, paths and parameters beyond the limits. */
            overflow: number;
        };
        /** @description The totals. A unit is a documented status below 500, a query parameter, or a body field that clients send; 100 % means all of them. */
        CoverageSummary: {
            /** @description The share of covered units in percent, truncated after one decimal. */
            percent: number;
            units: components["schemas"]["Covered"];
            operations: components["schemas"]["Covered"];
            statuses: components["schemas"]["Covered"];
            parameters: components["schemas"]["Covered"];
            fields: components["schemas"]["Covered"];
            documented: components["schemas"]["Covered"];
            observed: components["schemas"]["Covered"];
            inferred: components["schemas"]["Covered"];
            /** @description The number of violations of all kinds. */
            violations: number;
            /** @description The number of requests without an operation. */
            unmatched: number;
        };
        /** @description The coverage of one operation. */
        CoverageOperation: {
            /** @description The `operationId`. */
            operation: string;
            /** @description The method. */
            method: string;
            /** @description The path pattern. */
            path: string;
            evidence: components["schemas"]["Evidence"];
            /** @description The number of requests. */
            calls: number;
            statuses: components["schemas"]["CoverageStatuses"];
            parameters: components["schemas"]["CoverageParameters"];
            fields: components["schemas"]["CoverageFields"];
            /** @description The outcomes of submissions and pings; absent without any. */
            lead_outcomes?: {
                /** @description Such as `success` or `failure`. */
                outcome: string;
                count: components["schemas"]["Count"];
            }[];
            /** @description What clients sent, or rules and faults returned, without documentation. */
            undocumented: {
                /** @description Parameters of leads that no field of the flow collects; absent without any. */
                not_collected?: {
                    /** @description A pointer into the request. */
                    location: string;
                    /**
                     * @description The code, as in `X-Mock-Violations`.
                     * @constant
                     */
                    code: "not_collected";
                    /** @description The first message. It names the nearest field. */
                    message: string;
                    count: components["schemas"]["Count"];
                }[];
                statuses: components["schemas"]["CoverageStatuses"];
                parameters: components["schemas"]["CoverageParameters"];
                fields: components["schemas"]["CoverageFields"];
            };
        };
        /** @description Statuses. Those from 500 on are not units. */
        CoverageStatuses: {
            /** @description The status. */
            status: number;
            evidence?: components["schemas"]["Evidence"];
            count: components["schemas"]["Count"];
        }[];
        /** @description Query parameters. */
        CoverageParameters: {
            /** @description The name of the parameter. */
            name: string;
            evidence?: components["schemas"]["Evidence"];
            count: components["schemas"]["Count"];
        }[];
        /** @description Body fields. */
        CoverageFields: {
            /** @description An RFC 6901 pointer, with `*` for list items and arbitrary names. */
            pointer: string;
            evidence?: components["schemas"]["Evidence"];
            count: components["schemas"]["Count"];
        }[];
        /** @description The units of an operation that were not exercised. */
        CoverageLeft: {
            /** @description The `operationId`. */
            operation: string;
            /** @description Statuses. */
            statuses: number[];
            /** @description Query parameters. */
            parameters: string[];
            /** @description Body fields. */
            fields: string[];
        };
        /** @description One kind of violation. */
        CoverageViolation: {
            /** @description The `operationId`. Absent without an operation. */
            operation?: string;
            /** @description An RFC 6901 pointer into the request, with `*` for positions in lists. */
            location: string;
            /** @description The code of the rule that was broken. */
            code: string;
            /** @description The message of the first occurrence. */
            message: string;
            /** @description Whether the request was rejected for it. */
            rejected: boolean;
            count: components["schemas"]["Count"];
            /** @description The first request with it. */
            first: {
                /** @description The name of the sandbox. */
                sandbox: string;
                /** @description The number of the request in the sandbox, as in `X-Mock-Request-Id`. */
                request: number;
            };
        };
        /** @description An API key. */
        Key: {
            /** @description The key. */
            key: string;
            /** @description The id of the account. */
            account: string;
            /** @description The id of the user. */
            user: string;
        };
        /** @description Expectations, with the part of the journal that they cover; or the list alone. */
        Expectations: components["schemas"]["ExpectationList"] | {
            expectations: components["schemas"]["ExpectationList"];
            after?: components["schemas"]["After"];
            since?: components["schemas"]["Since"];
            allow_empty?: components["schemas"]["AllowEmpty"];
        };
        /**
         * @description Whether an expectation can be passed when no exchange is in the examined range.
         * @default false
         */
        AllowEmpty: boolean;
        /** @description Expectations. */
        ExpectationList: components["schemas"]["Expectation"][];
        /** @description A count of exchanges, an `order`, `repaired`, `no_violations` or `no_unmatched`. */
        Expectation: {
            /** @description The name in the verdict. The default is a description of the expectation. */
            name?: string;
            allow_empty?: components["schemas"]["AllowEmpty"];
            operation?: components["schemas"]["OneOrMoreOperations"];
            request?: components["schemas"]["VerifiedRequest"];
            status?: components["schemas"]["OneOrMoreStatuses"];
            /** @description The exact number of exchanges. */
            exactly?: number;
            /** @description The smallest number of exchanges. The default is 1. */
            at_least?: number;
            /** @description The largest number of exchanges. */
            at_most?: number;
            /**
             * @description No exchange matches.
             * @constant
             */
            never?: true;
            /** @description The steps, in order. */
            order?: components["schemas"]["VerifiedStep"][];
            /**
             * @description True to allow no other exchanges between the steps.
             * @default false
             */
            strict?: boolean;
            /** @description A rejected request whose cause was fixed. */
            repaired?: {
                operation?: components["schemas"]["OneOrMoreOperations"];
                request?: components["schemas"]["VerifiedRequest"];
                status?: components["schemas"]["OneOrMoreStatuses"];
                by?: components["schemas"]["VerifiedStep"];
            };
            /**
             * @description No request broke the contract.
             * @constant
             */
            no_violations?: true;
            /**
             * @description Every request matched an operation or a rule.
             * @constant
             */
            no_unmatched?: true;
            after?: components["schemas"]["After"];
            since?: components["schemas"]["Since"];
        };
        /** @description The exchange of a step. */
        VerifiedStep: {
            operation?: components["schemas"]["OneOrMoreOperations"];
            request?: components["schemas"]["VerifiedRequest"];
            status?: components["schemas"]["OneOrMoreStatuses"];
        };
        /** @description A WireMock request pattern: `method`, `url`, `urlPattern`, `urlPath`, `urlPathPattern`, `urlPathTemplate`, `pathParameters`, `queryParameters`, `headers`, `cookies`, `bodyPatterns`. Matchers are `equalTo`, `contains`, `doesNotContain`, `matches`, `doesNotMatch`, `absent`, `equalToJson`, `matchesJsonPath` (RFC 9535), `matchesJsonSchema`, `not`, `and`, `or`, and for several values `includes` and `hasExactly`. Additional keys are `operation`, `status`, `violations` and `caller`. Secrets are not recorded, so they cannot be matched. */
        VerifiedRequest: Record<string, never>;
        /** @description One or more ids of operations. */
        OneOrMoreOperations: string | string[];
        /** @description One or more response statuses. */
        OneOrMoreStatuses: number | number[];
        /** @description The number of a request, as in `X-Mock-Request-Id`. Only later requests count. */
        After: number;
        /**
         * Format: date-time
         * @description A time on the clock of the sandbox. Only requests at or after it count.
         */
        Since: string;
        /** @description The result of verification. */
        Verdict: {
            /** @description Whether every expectation is passed. */
            passed: boolean;
            /**
             * @description The outcome; `inconclusive` when no exchange was evaluated, or when only inconclusive expectations prevent a pass.
             * @enum {string}
             */
            outcome: "passed" | "failed" | "inconclusive";
            /** @description The results, in the order of the expectations. */
            expectations: components["schemas"]["JudgedExpectation"][];
            /** @description The number of exchanges in the ranges of the expectations, whether they match or not. */
            exchanges: number;
            /** @description The number of exchanges that the journal dropped. */
            dropped: number;
            /** @description Why an expectation is inconclusive, and what to do about it. */
            reason?: string;
            /** @description The verdict as text. */
            text: string;
        };
        /** @description The result of one expectation. */
        JudgedExpectation: {
            /** @description The name of the expectation. */
            name: string;
            /** @description Whether the expectation is met for certain. */
            passed: boolean;
            /**
             * @description The outcome; `inconclusive` when it is based on no exchange, or the recorded ones do not decide it.
             * @enum {string}
             */
            outcome: "passed" | "failed" | "inconclusive";
            /** @description What was expected. */
            expected: string;
            /** @description What was found. */
            found: string;
            /** @description The number of exchanges in the range of the expectation, whether they match or not. */
            exchanges: number;
            /** @description The numbers of the exchanges concerned, oldest first. */
            matched: number[];
            /** @description The differences from the expectation, one line each. */
            differences: string[];
            /** @description The exchanges nearest to a missing one. */
            nearest: components["schemas"]["NearExchange"][];
        };
        /** @description An exchange near to an expected one. */
        NearExchange: {
            /** @description The number of the request. */
            number: number;
            /** @description The method. */
            method: string;
            /** @description Path and query. */
            url: string;
            /** @description The `operationId`; `null` without an operation. */
            operation: string | null;
            /** @description The status of the response. */
            status: number;
            /** @description The distance from the expected exchange; 1 has nothing in common. */
            distance: number;
            /** @description The differences. */
            differences: {
                /** @description The part of the request or response. */
                what: string;
                /** @description What it should be. */
                expected: string;
                /** @description What it is. */
                found: string;
                /** @description The distance between the two. */
                distance: number;
            }[];
        };
        /** @description Headers by name, each with its value, or with a list of its values. */
        HeaderMap: {
            [key: string]: string | string[];
        };
        /** @description A request in the format of WireMock. Secrets are replaced by `***`. */
        LoggedRequest: {
            id: components["schemas"]["RequestId"];
            /** @description Path and query, without `/__sandbox/NAME`. */
            url: string;
            /** @description The URL with the host that the client sent. Absent without `Host`. */
            absoluteUrl?: string;
            /** @description The method. */
            method: string;
            /**
             * @description A constant; the journal does not record addresses.
             * @constant
             */
            clientIp: "127.0.0.1";
            /**
             * @description The scheme of the server.
             * @enum {string}
             */
            scheme: "http" | "https";
            /** @description The host that the client sent. Absent without `Host`. */
            host?: string;
            /** @description The port that the client sent. Absent without `Host`. */
            port?: number;
            headers: components["schemas"]["HeaderMap"];
            /** @description Always empty, because cookies are secrets. */
            cookies: Record<string, never>;
            /**
             * @description A constant; the mock is not a proxy.
             * @constant
             */
            browserProxyRequest: false;
            /** @description The time on the clock of the sandbox, in milliseconds since 1970. */
            loggedDate: number;
            /**
             * Format: date-time
             * @description The same time in RFC 3339.
             */
            loggedDateString: string;
            /** @description The query parameters by name. */
            queryParams: {
                [key: string]: {
                    /** @description The name of the parameter. */
                    key: string;
                    /** @description The values of the parameter. */
                    values: string[];
                };
            };
            /** @description The recorded part of the body, in Base64. */
            bodyAsBase64: string;
            /** @description The recorded part of the body, as text. */
            body: string;
            /** @description The version of HTTP, such as `HTTP/1.1`. */
            protocol: string;
        };
        /**
         * Format: uuid
         * @description The number of the request in its sandbox as a UUID; 0 for described requests.
         */
        RequestId: string;
        /**
         * @description A wire fault.
         * @enum {string}
         */
        WireFault: "EMPTY_RESPONSE" | "MALFORMED_RESPONSE_CHUNK" | "RANDOM_DATA_THEN_CLOSE" | "CONNECTION_RESET_BY_PEER" | "TRUNCATED_BODY" | "HANG";
        /** @description The size of a body. */
        BodySize: {
            /** @description The length of the body. */
            bytes: number;
            /** @description Whether only its beginning is recorded (`--journal-body-bytes-max`). */
            truncated: boolean;
        };
        /** @description A violation of the contract. */
        Violation: {
            /** @description RFC 6901 pointer into the request, such as `/body/name`. */
            location: string;
            /** @description The code of the rule that was broken, such as `required`. */
            code: string;
            /** @description The violation as a sentence. */
            message: string;
        };
        /** @description What the lead handler decided about a submission or ping; `null` for every other request. */
        LeadDecision: {
            /**
             * @description The outcome.
             * @enum {unknown}
             */
            outcome: "success" | "failure" | "error";
            /** @description The reason; empty without one. */
            reason: string;
            /** @description The part of the flow that decided. */
            decided_by: {
                /**
                 * @description The kind of part.
                 * @enum {unknown}
                 */
                kind: "completed" | "disabled_flow" | "trigger" | "hours_of_operation" | "flow_criteria" | "source_criteria" | "cap" | "filter" | "pings_disabled" | "ping_limit" | "no_price";
                /** @description The id of the flow, source, cap or step. */
                id: string | null;
                /** @description The decision as a sentence, with the comparisons that decided. */
                description: string;
            };
            /** @description The filters and recipients that the lead reached, each with its result. */
            steps: string[];
        } | null;
        /** @description A request and its response in the format of WireMock. `number` and the properties after it are specific to the mock. */
        ServeEvent: {
            id: components["schemas"]["RequestId"];
            request: components["schemas"]["LoggedRequest"];
            /** @description The intended response. */
            responseDefinition: {
                /** @description The status. */
                status: number;
                headers: components["schemas"]["HeaderMap"];
                /** @description The recorded part of the body, as text. */
                body: string;
                /** @description The same as `wasMatched`. */
                fromConfiguredStub: boolean;
                fault?: components["schemas"]["WireFault"];
                /** @description The added delay in milliseconds. Absent without a delay. */
                fixedDelayMilliseconds?: number;
            };
            /** @description The response before wire faults. */
            response: {
                /** @description The status. */
                status: number;
                headers: components["schemas"]["HeaderMap"];
                /** @description The recorded part of the body, in Base64. */
                bodyAsBase64: string;
                /** @description The recorded part of the body, as text. */
                body: string;
                fault?: components["schemas"]["WireFault"];
            };
            /** @description Whether an operation, a rule or the mock itself answered the request. */
            wasMatched: boolean;
            /** @description Durations in whole milliseconds. */
            timing: {
                /** @description The added delay. */
                addedDelay: number;
                /** @description The processing time. */
                processTime: number;
                /**
                 * @description Not measured.
                 * @constant
                 */
                responseSendTime: 0;
                /** @description The same as `processTime`. */
                serveTime: number;
                /** @description The sum of processing time and delay. */
                totalTime: number;
            };
            /** @description The number of the request in the sandbox, as in `X-Mock-Request-Id`; 0 when the request selected none. */
            number: number;
            sandbox: components["schemas"]["Name"];
            /** @description The scenario of the sandbox; `null` when the request selected none. */
            scenario: string | null;
            /** @description The `operationId`; `null` without an operation. */
            operation: string | null;
            /**
             * @description The evidence for this status of the operation; `null` without an operation.
             * @enum {string|null}
             */
            evidence: "documented" | "observed" | "inferred" | null;
            /** @description The caller; `null` when the API key is missing or unknown. */
            caller: {
                /** @description The id of the account. */
                account: string;
                /** @description The id of the user. */
                user: string;
            } | null;
            lead: components["schemas"]["LeadDecision"];
            /** @description The violations of the contract. */
            violations: components["schemas"]["Violation"][];
            /** @description The rules that were applied. */
            applied_rules: {
                /** @description The name of the rule. */
                rule: string;
                /** @description The effects, such as `status=503` or `delay=250`. */
                effects: string[];
            }[];
            /** @description The wire fault, if any. */
            wire_fault: components["schemas"]["WireFault"] | null;
            /** @description The added delay in milliseconds. */
            delay_ms: number;
            /** @description The processing time in microseconds, on the clock of the machine. */
            took_us: number;
            /** @description The sizes of the bodies, and whether they are recorded completely. */
            bodies: {
                request: components["schemas"]["BodySize"];
                response: components["schemas"]["BodySize"];
            };
        };
        /** @description Whether the journal is disabled (`--journal-entries-max 0`). */
        RequestJournalDisabled: boolean;
        /** @description Exchanges. */
        ServeEventList: {
            /** @description The exchanges, newest first. */
            requests: components["schemas"]["ServeEvent"][];
            /** @description Metadata of the list. */
            meta: {
                /** @description The number of exchanges that match the filters, before `limit`, `before` and `after` apply. */
                total: number;
                /** @description The number of exchanges that the journal dropped because of its limits since it was last cleared. */
                dropped: number;
                /** @description The value of `before` for the next page. Absent on the last page. */
                next?: number;
            };
            requestJournalDisabled: components["schemas"]["RequestJournalDisabled"];
        };
        /** @description Exchanges without headers and bodies. */
        SummaryList: {
            /** @description The exchanges, newest first. */
            requests: components["schemas"]["Summary"][];
            /** @description Metadata of the list. */
            meta: {
                /** @description The number of exchanges that match the filters, before `limit`, `before` and `after` apply. */
                total: number;
                /** @description The number of exchanges that the journal dropped because of its limits since it was last cleared. */
                dropped: number;
                /** @description The value of `before` for the next page. Absent on the last page. */
                next?: number;
            };
            requestJournalDisabled: components["schemas"]["RequestJournalDisabled"];
        };
        /** @description Removed exchanges. */
        RemovedEventList: {
            /** @description The exchanges, oldest first. */
            serveEvents: components["schemas"]["ServeEvent"][];
            requestJournalDisabled: components["schemas"]["RequestJournalDisabled"];
        };
        /** @description Requests. */
        LoggedRequestList: {
            /** @description The requests, in the order that the operation documents. */
            requests: components["schemas"]["LoggedRequest"][];
            requestJournalDisabled: components["schemas"]["RequestJournalDisabled"];
        };
        /** @description A number of requests. */
        RequestCount: {
            /** @description The number of requests; -1 when it is not known. */
            count: number;
            /** @description The number of requests that could not be compared, because their body is recorded in part only or the compared value is a secret. Absent for 0. */
            undecided?: number;
            /** @description The number of exchanges that the journal dropped. Absent for 0. */
            dropped?: number;
            requestJournalDisabled: components["schemas"]["RequestJournalDisabled"];
        };
        /** @description A WireMock request pattern: `method`, `url` or `urlPattern` or `urlPath` or `urlPathPattern`, `queryParameters`, `headers`, `formParameters`, `bodyPatterns`. Absent keys match everything. Patterns of JSON also match the values of a form and of XML; `matchesXPath` and `equalToXml` match XML. */
        RequestPattern: Record<string, never>;
        /** @description A described request. Unknown properties are ignored, so a journal entry can be sent as it is. */
        DescribedRequest: {
            /** @description Path and query. */
            url?: string;
            /** @description The absolute URL, used when `url` is absent. */
            absoluteUrl?: string;
            /** @description The method; any method when absent or `ANY`. */
            method?: string;
            /** @description Headers by name, each a string or an array of strings. */
            headers?: Record<string, never>;
            /** @description The body. */
            body?: string;
            /** @description The body in Base64, used when `body` is absent. */
            bodyAsBase64?: string;
        } | unknown | unknown;
        /** @description The distance of a near miss. */
        MatchResult: {
            /** @description 0 for a match, 1 when everything differs. */
            distance: number;
        };
        /** @description One difference. */
        Difference: {
            /** @description The compared part, such as `method` or `path`. */
            what: string;
            /** @description The expected value; `null` when none is expected. */
            expected: string | null;
            /** @description The found value; `null` when there is none. */
            found: string | null;
        };
        /** @description Requests with their nearest operations. */
        NearMissList: {
            /** @description The near misses. For each request, nearest first. */
            nearMisses: {
                request: components["schemas"]["LoggedRequest"];
                /** @description The operation in the format of a WireMock stub mapping. */
                stubMapping: {
                    /**
                     * Format: uuid
                     * @description An id, which WireMock clients require.
                     */
                    id: string;
                    /**
                     * Format: uuid
                     * @description The same id.
                     */
                    uuid: string;
                    /** @description The `operationId`. */
                    name: string;
                    /** @description The requests of the operation. */
                    request: {
                        /** @description The method. */
                        method: string;
                        /** @description The path, with `{name}` for parameters. */
                        urlPathTemplate: string;
                    };
                    /** @description The response in case of success. */
                    response: {
                        /** @description The status. */
                        status: number;
                    };
                };
                matchResult: components["schemas"]["MatchResult"];
                /** @description The `operationId`. */
                operation: string;
                /** @description The first difference as a sentence; `null` for a match. */
                difference: string | null;
                /** @description The differences in the path from left to right, then in the method. */
                differences: components["schemas"]["Difference"][];
            }[];
            requestJournalDisabled: components["schemas"]["RequestJournalDisabled"];
        };
        /** @description The requests nearest to a pattern. */
        PatternNearMissList: {
            /** @description The near misses, nearest first. */
            nearMisses: {
                request: components["schemas"]["LoggedRequest"];
                requestPattern: components["schemas"]["RequestPattern"];
                matchResult: components["schemas"]["MatchResult"];
                /** @description The first difference as a sentence; `null` for a match. */
                difference: string | null;
                /** @description The differences. */
                differences: components["schemas"]["Difference"][];
            }[];
            requestJournalDisabled: components["schemas"]["RequestJournalDisabled"];
        };
        /** @description A request, or the number of an exchange. */
        ExplainRequest: {
            /** @description The method. */
            method: string;
            /** @description Path and query. */
            path: string;
            /** @description The API key. By default, the request has no credentials. */
            key?: string;
            /** @description The headers. */
            headers?: {
                [key: string]: string;
            };
            /** @description The body, sent as JSON; a string is sent as it is. */
            body?: unknown;
        } | {
            /** @description The number of the request in its sandbox (`X-Mock-Request-Id`), or its id. */
            exchange: number | string;
        };
        /** @description How the response to a request comes about. */
        Explanation: {
            /** @description The number that the request has, or would have, in its sandbox. */
            exchange: number;
            /** @description The name of the sandbox. */
            sandbox: string;
            /** @description The scenario of the sandbox. */
            scenario: string | null;
            /** @description The request. */
            request: {
                /** @description The method. */
                method: string;
                /** @description Path and query. */
                url: string;
            };
            /** @description The owner of the API key; `null` when the key is missing or unknown. */
            caller: {
                /** @description The id of the account. */
                account: string;
                /** @description The id of the user. */
                user: string;
            } | null;
            /** @description The operation that the request matches. */
            operation: {
                /** @description The operationId. */
                id: string;
                /** @description The method. */
                method: string;
                /** @description The path pattern. */
                path: string;
                /** @description The summary of the operation. */
                summary: string;
                /**
                 * @description The evidence.
                 * @enum {unknown}
                 */
                evidence: "documented" | "observed" | "inferred";
            } | null;
            /** @description For an unmatched request, the nearest operation, or the nearest call of the control API. */
            nearest: {
                /** @description The operationId. */
                operation?: string;
                /** @description The method. */
                method: string;
                /** @description The path pattern. */
                path: string;
                /** @description The first difference. */
                difference?: string | null;
            } | null;
            lead: components["schemas"]["LeadDecision"];
            /** @description The violations of the contract, and findings that break none (`not_collected`). */
            violations: {
                /** @description An RFC 6901 pointer into the request. */
                location: string;
                /** @description The code of the rule that is broken. */
                code: string;
                /** @description The violation as a sentence. */
                message: string;
            }[];
            /** @description The rules and faults that are applied. */
            applied_rules: {
                /** @description The name of the rule. */
                rule: string;
                /** @description The effects. */
                effects: string[];
            }[];
            /** @description The wire fault, if any. */
            wire_fault: string | null;
            /** @description The added delay in milliseconds. */
            delay_ms: number;
            /** @description The response. */
            reply: {
                /** @description The status. */
                status: number;
                /** @description The headers. */
                headers: {
                    [key: string]: string;
                };
                /** @description The body; a string when it is not JSON. */
                body: unknown;
            };
            /** @description The steps that lead to the response, as sentences. */
            reasons: string[];
            /** @description A curl command that sends the request again; it reads the API key from `$LEADCONDUIT_API_KEY`. */
            curl: string;
            /** @description A scenario in which the request gets this response, with an example that checks it. */
            snippet: string;
        };
    };
    responses: {
        /** @description An OpenAPI 3.1 document. */
        Document: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "openapi": "3.1.0",
                 *       "info": {
                 *         "title": "LeadConduit API",
                 *         "version": "1.0.1"
                 *       },
                 *       "paths": {}
                 *     }
                 */
                "application/json": components["schemas"]["Document"];
            };
        };
        /** @description The scenario of the sandbox. */
        Scenario: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "name": "sso-outage",
                 *       "description": "the single sign-on service is down",
                 *       "extends": "healthy",
                 *       "built_in": true,
                 *       "since": "2026-01-15T09:00:00.000Z",
                 *       "sso": {
                 *         "status": "down"
                 *       },
                 *       "rules": [
                 *         {
                 *           "name": "one repair in five is cut off",
                 *           "matched": 5,
                 *           "applied": 1,
                 *           "active": true
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["SelectedScenario"];
            };
        };
        /** @description The sandbox. */
        Sandbox: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "name": "default",
                 *       "scenario": "healthy",
                 *       "scenario_since": "2026-01-15T08:00:00.000Z",
                 *       "sso": "up",
                 *       "rules": 0,
                 *       "journal": {
                 *         "entries": 0,
                 *         "dropped": 0
                 *       },
                 *       "clock": {
                 *         "now": "2026-01-15T09:00:00Z",
                 *         "mode": "real",
                 *         "offset_ms": 0
                 *       },
                 *       "requests": 0,
                 *       "faults": 0,
                 *       "snapshots": [
                 *         "before-import"
                 *       ],
                 *       "idle_ms": 0
                 *     }
                 */
                "application/json": components["schemas"]["Sandbox"];
            };
        };
        /** @description The sandbox, and what its record had. */
        ResetSandbox: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "name": "default",
                 *       "scenario": "healthy",
                 *       "scenario_since": "2026-01-15T08:00:00.000Z",
                 *       "sso": "up",
                 *       "rules": 0,
                 *       "journal": {
                 *         "entries": 0,
                 *         "dropped": 0
                 *       },
                 *       "clock": {
                 *         "now": "2026-01-15T09:00:00Z",
                 *         "mode": "real",
                 *         "offset_ms": 0
                 *       },
                 *       "requests": 0,
                 *       "faults": 0,
                 *       "snapshots": [],
                 *       "idle_ms": 0,
                 *       "cleared": {
                 *         "exchanges": 12,
                 *         "dropped": 0,
                 *         "counted": 12
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["ResetSandbox"];
            };
        };
        /** @description The health of the service. */
        SsoHealth: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "status": "down",
                 *       "ends_at": "2026-01-15T09:00:30.000Z"
                 *     }
                 */
                "application/json": components["schemas"]["SsoHealth"];
            };
        };
        /** @description The document. */
        StoredDocument: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "id": "5d9a4c421d011c553e000001",
                 *       "account": "5fd4371e940df5a34a3888b2",
                 *       "document": {
                 *         "id": "5d9a4c421d011c553e000001",
                 *         "relationship_type": "seller"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["StoredDocument"];
            };
        };
        /** @description The clock. */
        Clock: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "now": "2026-01-15T10:30:00Z",
                 *       "mode": "real",
                 *       "offset_ms": 5400000
                 *     }
                 */
                "application/json": components["schemas"]["Clock"];
            };
        };
        /** @description The exchanges. */
        ServeEvents: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "requests": [
                 *         {
                 *           "id": "00000000-0000-4000-8000-000000000007",
                 *           "request": {
                 *             "id": "00000000-0000-4000-8000-000000000007",
                 *             "url": "/connection?relationship_type=buyer",
                 *             "absoluteUrl": "http://127.0.0.1:4010/connection?relationship_type=buyer",
                 *             "method": "GET",
                 *             "clientIp": "127.0.0.1",
                 *             "scheme": "http",
                 *             "host": "127.0.0.1",
                 *             "port": 4010,
                 *             "headers": {
                 *               "Host": "127.0.0.1:4010",
                 *               "Authorization": "Basic ***"
                 *             },
                 *             "cookies": {},
                 *             "browserProxyRequest": false,
                 *             "loggedDate": 1768467600000,
                 *             "loggedDateString": "2026-01-15T09:00:00.000Z",
                 *             "queryParams": {
                 *               "relationship_type": {
                 *                 "key": "relationship_type",
                 *                 "values": [
                 *                   "buyer"
                 *                 ]
                 *               }
                 *             },
                 *             "bodyAsBase64": "",
                 *             "body": "",
                 *             "protocol": "HTTP/1.1"
                 *           },
                 *           "responseDefinition": {
                 *             "status": 404,
                 *             "headers": {
                 *               "Content-Type": "application/problem+json"
                 *             },
                 *             "body": "{\"title\":\"No such operation\"}",
                 *             "fromConfiguredStub": false
                 *           },
                 *           "response": {
                 *             "status": 404,
                 *             "headers": {
                 *               "Content-Type": "application/problem+json"
                 *             },
                 *             "bodyAsBase64": "eyJ0aXRsZSI6Ik5vIHN1Y2ggb3BlcmF0aW9uIn0=",
                 *             "body": "{\"title\":\"No such operation\"}"
                 *           },
                 *           "wasMatched": false,
                 *           "timing": {
                 *             "addedDelay": 0,
                 *             "processTime": 0,
                 *             "responseSendTime": 0,
                 *             "serveTime": 0,
                 *             "totalTime": 0
                 *           },
                 *           "number": 7,
                 *           "sandbox": "default",
                 *           "scenario": "healthy",
                 *           "operation": null,
                 *           "evidence": null,
                 *           "caller": {
                 *             "account": "5fd4371e940df5a34a3888b2",
                 *             "user": "5fd438f91f0d12766e2bfee5"
                 *           },
                 *           "lead": null,
                 *           "violations": [],
                 *           "applied_rules": [],
                 *           "wire_fault": null,
                 *           "delay_ms": 0,
                 *           "took_us": 120,
                 *           "bodies": {
                 *             "request": {
                 *               "bytes": 0,
                 *               "truncated": false
                 *             },
                 *             "response": {
                 *               "bytes": 29,
                 *               "truncated": false
                 *             }
                 *           }
                 *         }
                 *       ],
                 *       "meta": {
                 *         "total": 7,
                 *         "dropped": 0,
                 *         "next": 7
                 *       },
                 *       "requestJournalDisabled": false
                 *     }
                 */
                "application/json": components["schemas"]["ServeEventList"];
            };
        };
        /** @description The exchange. */
        ServeEvent: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "id": "00000000-0000-4000-8000-000000000007",
                 *       "request": {
                 *         "id": "00000000-0000-4000-8000-000000000007",
                 *         "url": "/connection?relationship_type=buyer",
                 *         "absoluteUrl": "http://127.0.0.1:4010/connection?relationship_type=buyer",
                 *         "method": "GET",
                 *         "clientIp": "127.0.0.1",
                 *         "scheme": "http",
                 *         "host": "127.0.0.1",
                 *         "port": 4010,
                 *         "headers": {
                 *           "Host": "127.0.0.1:4010",
                 *           "Authorization": "Basic ***"
                 *         },
                 *         "cookies": {},
                 *         "browserProxyRequest": false,
                 *         "loggedDate": 1768467600000,
                 *         "loggedDateString": "2026-01-15T09:00:00.000Z",
                 *         "queryParams": {
                 *           "relationship_type": {
                 *             "key": "relationship_type",
                 *             "values": [
                 *               "buyer"
                 *             ]
                 *           }
                 *         },
                 *         "bodyAsBase64": "",
                 *         "body": "",
                 *         "protocol": "HTTP/1.1"
                 *       },
                 *       "responseDefinition": {
                 *         "status": 404,
                 *         "headers": {
                 *           "Content-Type": "application/problem+json"
                 *         },
                 *         "body": "{\"title\":\"No such operation\"}",
                 *         "fromConfiguredStub": false
                 *       },
                 *       "response": {
                 *         "status": 404,
                 *         "headers": {
                 *           "Content-Type": "application/problem+json"
                 *         },
                 *         "bodyAsBase64": "eyJ0aXRsZSI6Ik5vIHN1Y2ggb3BlcmF0aW9uIn0=",
                 *         "body": "{\"title\":\"No such operation\"}"
                 *       },
                 *       "wasMatched": false,
                 *       "timing": {
                 *         "addedDelay": 0,
                 *         "processTime": 0,
                 *         "responseSendTime": 0,
                 *         "serveTime": 0,
                 *         "totalTime": 0
                 *       },
                 *       "number": 7,
                 *       "sandbox": "default",
                 *       "scenario": "healthy",
                 *       "operation": null,
                 *       "evidence": null,
                 *       "caller": {
                 *         "account": "5fd4371e940df5a34a3888b2",
                 *         "user": "5fd438f91f0d12766e2bfee5"
                 *       },
                 *       "lead": null,
                 *       "violations": [],
                 *       "applied_rules": [],
                 *       "wire_fault": null,
                 *       "delay_ms": 0,
                 *       "took_us": 120,
                 *       "bodies": {
                 *         "request": {
                 *           "bytes": 0,
                 *           "truncated": false
                 *         },
                 *         "response": {
                 *           "bytes": 29,
                 *           "truncated": false
                 *         }
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["ServeEvent"];
            };
        };
        /** @description The removed exchanges. */
        RemovedEvents: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "serveEvents": [
                 *         {
                 *           "id": "00000000-0000-4000-8000-000000000007",
                 *           "request": {
                 *             "id": "00000000-0000-4000-8000-000000000007",
                 *             "url": "/connection?relationship_type=buyer",
                 *             "absoluteUrl": "http://127.0.0.1:4010/connection?relationship_type=buyer",
                 *             "method": "GET",
                 *             "clientIp": "127.0.0.1",
                 *             "scheme": "http",
                 *             "host": "127.0.0.1",
                 *             "port": 4010,
                 *             "headers": {
                 *               "Host": "127.0.0.1:4010",
                 *               "Authorization": "Basic ***"
                 *             },
                 *             "cookies": {},
                 *             "browserProxyRequest": false,
                 *             "loggedDate": 1768467600000,
                 *             "loggedDateString": "2026-01-15T09:00:00.000Z",
                 *             "queryParams": {
                 *               "relationship_type": {
                 *                 "key": "relationship_type",
                 *                 "values": [
                 *                   "buyer"
                 *                 ]
                 *               }
                 *             },
                 *             "bodyAsBase64": "",
                 *             "body": "",
                 *             "protocol": "HTTP/1.1"
                 *           },
                 *           "responseDefinition": {
                 *             "status": 404,
                 *             "headers": {
                 *               "Content-Type": "application/problem+json"
                 *             },
                 *             "body": "{\"title\":\"No such operation\"}",
                 *             "fromConfiguredStub": false
                 *           },
                 *           "response": {
                 *             "status": 404,
                 *             "headers": {
                 *               "Content-Type": "application/problem+json"
                 *             },
                 *             "bodyAsBase64": "eyJ0aXRsZSI6Ik5vIHN1Y2ggb3BlcmF0aW9uIn0=",
                 *             "body": "{\"title\":\"No such operation\"}"
                 *           },
                 *           "wasMatched": false,
                 *           "timing": {
                 *             "addedDelay": 0,
                 *             "processTime": 0,
                 *             "responseSendTime": 0,
                 *             "serveTime": 0,
                 *             "totalTime": 0
                 *           },
                 *           "number": 7,
                 *           "sandbox": "default",
                 *           "scenario": "healthy",
                 *           "operation": null,
                 *           "evidence": null,
                 *           "caller": {
                 *             "account": "5fd4371e940df5a34a3888b2",
                 *             "user": "5fd438f91f0d12766e2bfee5"
                 *           },
                 *           "lead": null,
                 *           "violations": [],
                 *           "applied_rules": [],
                 *           "wire_fault": null,
                 *           "delay_ms": 0,
                 *           "took_us": 120,
                 *           "bodies": {
                 *             "request": {
                 *               "bytes": 0,
                 *               "truncated": false
                 *             },
                 *             "response": {
                 *               "bytes": 29,
                 *               "truncated": false
                 *             }
                 *           }
                 *         }
                 *       ],
                 *       "requestJournalDisabled": false
                 *     }
                 */
                "application/json": components["schemas"]["RemovedEventList"];
            };
        };
        /** @description The requests. */
        LoggedRequests: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "requests": [
                 *         {
                 *           "id": "00000000-0000-4000-8000-000000000007",
                 *           "url": "/connection?relationship_type=buyer",
                 *           "absoluteUrl": "http://127.0.0.1:4010/connection?relationship_type=buyer",
                 *           "method": "GET",
                 *           "clientIp": "127.0.0.1",
                 *           "scheme": "http",
                 *           "host": "127.0.0.1",
                 *           "port": 4010,
                 *           "headers": {
                 *             "Host": "127.0.0.1:4010",
                 *             "Authorization": "Basic ***"
                 *           },
                 *           "cookies": {},
                 *           "browserProxyRequest": false,
                 *           "loggedDate": 1768467600000,
                 *           "loggedDateString": "2026-01-15T09:00:00.000Z",
                 *           "queryParams": {
                 *             "relationship_type": {
                 *               "key": "relationship_type",
                 *               "values": [
                 *                 "buyer"
                 *               ]
                 *             }
                 *           },
                 *           "bodyAsBase64": "",
                 *           "body": "",
                 *           "protocol": "HTTP/1.1"
                 *         }
                 *       ],
                 *       "requestJournalDisabled": false
                 *     }
                 */
                "application/json": components["schemas"]["LoggedRequestList"];
            };
        };
        /** @description The number of requests. */
        RequestCount: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "count": 3,
                 *       "requestJournalDisabled": false
                 *     }
                 */
                "application/json": components["schemas"]["RequestCount"];
            };
        };
        /** @description The near misses, with their differences. */
        NearMisses: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "nearMisses": [
                 *         {
                 *           "request": {
                 *             "id": "00000000-0000-4000-8000-000000000007",
                 *             "url": "/connection?relationship_type=buyer",
                 *             "absoluteUrl": "http://127.0.0.1:4010/connection?relationship_type=buyer",
                 *             "method": "GET",
                 *             "clientIp": "127.0.0.1",
                 *             "scheme": "http",
                 *             "host": "127.0.0.1",
                 *             "port": 4010,
                 *             "headers": {
                 *               "Host": "127.0.0.1:4010",
                 *               "Authorization": "Basic ***"
                 *             },
                 *             "cookies": {},
                 *             "browserProxyRequest": false,
                 *             "loggedDate": 1768467600000,
                 *             "loggedDateString": "2026-01-15T09:00:00.000Z",
                 *             "queryParams": {
                 *               "relationship_type": {
                 *                 "key": "relationship_type",
                 *                 "values": [
                 *                   "buyer"
                 *                 ]
                 *               }
                 *             },
                 *             "bodyAsBase64": "",
                 *             "body": "",
                 *             "protocol": "HTTP/1.1"
                 *           },
                 *           "stubMapping": {
                 *             "id": "00000000-0000-4000-9000-000000000002",
                 *             "uuid": "00000000-0000-4000-9000-000000000002",
                 *             "name": "list_connections",
                 *             "request": {
                 *               "method": "GET",
                 *               "urlPathTemplate": "/connections"
                 *             },
                 *             "response": {
                 *               "status": 200
                 *             }
                 *           },
                 *           "matchResult": {
                 *             "distance": 0.07
                 *           },
                 *           "operation": "list_connections",
                 *           "difference": "segment 1 of the path is `connection`, but the operation has `connections` there",
                 *           "differences": [
                 *             {
                 *               "what": "path",
                 *               "expected": "connections",
                 *               "found": "connection"
                 *             }
                 *           ]
                 *         }
                 *       ],
                 *       "requestJournalDisabled": false
                 *     }
                 */
                "application/json": components["schemas"]["NearMissList"];
            };
        };
        /** @description The near misses, with their differences. */
        PatternNearMisses: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "nearMisses": [
                 *         {
                 *           "request": {
                 *             "id": "00000000-0000-4000-8000-000000000007",
                 *             "url": "/connection?relationship_type=buyer",
                 *             "absoluteUrl": "http://127.0.0.1:4010/connection?relationship_type=buyer",
                 *             "method": "GET",
                 *             "clientIp": "127.0.0.1",
                 *             "scheme": "http",
                 *             "host": "127.0.0.1",
                 *             "port": 4010,
                 *             "headers": {
                 *               "Host": "127.0.0.1:4010",
                 *               "Authorization": "Basic ***"
                 *             },
                 *             "cookies": {},
                 *             "browserProxyRequest": false,
                 *             "loggedDate": 1768467600000,
                 *             "loggedDateString": "2026-01-15T09:00:00.000Z",
                 *             "queryParams": {
                 *               "relationship_type": {
                 *                 "key": "relationship_type",
                 *                 "values": [
                 *                   "buyer"
                 *                 ]
                 *               }
                 *             },
                 *             "bodyAsBase64": "",
                 *             "body": "",
                 *             "protocol": "HTTP/1.1"
                 *           },
                 *           "requestPattern": {
                 *             "method": "POST"
                 *           },
                 *           "matchResult": {
                 *             "distance": 1
                 *           },
                 *           "difference": "method: expected POST, found GET",
                 *           "differences": [
                 *             {
                 *               "what": "method",
                 *               "expected": "POST",
                 *               "found": "GET"
                 *             }
                 *           ]
                 *         }
                 *       ],
                 *       "requestJournalDisabled": false
                 *     }
                 */
                "application/json": components["schemas"]["PatternNearMissList"];
            };
        };
        /** @description Done. The body is an empty object, as in WireMock. */
        Done: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /** @example {} */
                "application/json": Record<string, never>;
            };
        };
        /** @description The name of the sandbox or the body is not valid. Nothing was changed. */
        BadPattern: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/__admin/docs/problems#bad-control-call",
                 *       "title": "Bad control call",
                 *       "status": 400,
                 *       "detail": "there is no `urlpath` in a request pattern; did you mean `urlPath`?",
                 *       "diagnostics": [
                 *         "1:2: there is no `urlpath` in a request pattern; did you mean `urlPath`?"
                 *       ]
                 *     }
                 */
                "application/problem+json": components["schemas"]["DiagnosticsProblem"];
            };
        };
        /** @description The name of the sandbox or the body is not valid. Nothing was changed. */
        BadRequest: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/__admin/docs/problems#bad-sandbox-name",
                 *       "title": "Bad sandbox name",
                 *       "status": 400,
                 *       "detail": "`a b` is not a valid sandbox name; write 1 to 64 letters, digits, `.`, `_` or `-`"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The server was started with a token, and the request does not have it. */
        TokenNeeded: {
            headers: {
                /** @description The authentication scheme. */
                "WWW-Authenticate"?: "Bearer";
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/__admin/docs/problems#token-needed",
                 *       "title": "Token needed",
                 *       "status": 401,
                 *       "detail": "the control API of this server needs its token; send `Authorization: Bearer TOKEN` with the one from --admin-token"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The server has no token, and the request comes from another machine, for a foreign host name, or from a page of another origin. */
        NotAllowed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/__admin/docs/problems#not-allowed",
                 *       "title": "Not allowed",
                 *       "status": 403,
                 *       "detail": "pages of https://page.example may not use the control API; start the mock with --control-origin https://page.example, or with --admin-token and send the token"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The name does not exist. The problem suggests the nearest name, if there is one. */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/__admin/docs/problems#not-found",
                 *       "title": "Not found",
                 *       "status": 404,
                 *       "detail": "there is no scenario `helthy`; did you mean `healthy`?"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body exceeds the limit (`--body-bytes-max`). */
        TooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/__admin/docs/problems#body-too-large",
                 *       "title": "Body too large",
                 *       "status": 413,
                 *       "detail": "the body is larger than 1048576 bytes"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /**
         * @description The sandbox on which the call acts. The default is `default`.
         * @example my-test
         */
        Sandbox: components["schemas"]["Name"];
        /**
         * @description The id of the fault.
         * @example fault-1
         */
        FaultId: string;
        /**
         * @description The collection, such as `connections`, `flows`, `accounts`, `sso_accounts` or `sso_connections`.
         * @example connections
         */
        CollectionName: string;
        /**
         * @description The id of the document.
         * @example 5d9a4c421d011c553e000001
         */
        DocumentId: string;
        /**
         * @description The name of the snapshot.
         * @example before-import
         */
        SnapshotName: components["schemas"]["Name"];
        /**
         * @description The name of the sandbox.
         * @example my-test
         */
        SandboxName: components["schemas"]["Name"];
        /**
         * @description The number of the request, as in `X-Mock-Request-Id`, or its id.
         * @example 7
         */
        RequestId: string;
        /**
         * @description `*` lists the requests of all sandboxes, the newest first by their clocks. It cannot be combined with `before` and `after`.
         * @example *
         */
        OfAllSandboxes: "*";
        /**
         * @description Only requests of this operation.
         * @example list_connections
         */
        OfOperation: string;
        /**
         * @description Only requests with this response status.
         * @example 200
         */
        OfStatus: number;
        /**
         * @description Only requests with this method; case-insensitive.
         * @example GET
         */
        OfMethod: string;
        /**
         * @description True for requests that broke the contract, false for the others.
         * @example true
         */
        WithViolations: boolean;
        /**
         * @description True for unmatched requests, false for the others.
         * @example false
         */
        Unmatched: boolean;
        /**
         * @description Only requests at or after this time, on the clock of the sandbox.
         * @example 2026-01-15T09:00:00Z
         */
        Since: string;
        /**
         * @description The largest number of requests. `meta.total` is the total, `meta.next` the cursor of the next page.
         * @example 50
         */
        Limit: number;
        /**
         * @description Only requests with a smaller number: the cursor for paging, from `meta.next`. It does not change `meta.total`.
         * @example 51
         */
        Before: number;
        /**
         * @description Only requests with a larger number. A request is numbered on arrival and recorded with its response, so a slow request can be recorded after others with larger numbers. It does not change `meta.total`.
         * @example 0
         */
        After: number;
    };
    requestBodies: {
        /** @description A WireMock request pattern. The empty pattern matches every request. */
        Pattern: {
            content: {
                /**
                 * @example {
                 *       "method": "GET",
                 *       "urlPath": "/connections"
                 *     }
                 */
                "application/json": components["schemas"]["RequestPattern"];
            };
        };
        /** @description A request in the format of the journal. */
        Described: {
            content: {
                /**
                 * @example {
                 *       "method": "GET",
                 *       "url": "/connection"
                 *     }
                 */
                "application/json": components["schemas"]["DescribedRequest"];
            };
        };
    };
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_health: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The server is ready. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "healthy",
                     *       "version": "0.1.0",
                     *       "operations": 23,
                     *       "scenario": "healthy",
                     *       "usage": {
                     *         "documents": {
                     *           "count": 2,
                     *           "bytes": 1214,
                     *           "bytes_max": 536870912
                     *         },
                     *         "deliveries": {
                     *           "running": 0,
                     *           "running_max": 32,
                     *           "waiting": 0,
                     *           "waiting_max": 1000
                     *         }
                     *       },
                     *       "watch": {
                     *         "last_read": "2026-01-15T09:00:00Z"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Health"];
                };
            };
            400: components["responses"]["BadRequest"];
        };
    };
    get_version: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Name and version of the server. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "leadconduit-mock",
                     *       "version": "0.1.0"
                     *     }
                     */
                    "application/json": components["schemas"]["Version"];
                };
            };
            400: components["responses"]["BadRequest"];
        };
    };
    get_reference: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example <!doctype html> */
                    "text/html": string;
                };
            };
            400: components["responses"]["BadRequest"];
        };
    };
    get_control_reference: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example <!doctype html> */
                    "text/html": string;
                };
            };
            400: components["responses"]["BadRequest"];
        };
    };
    get_console: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example <!doctype html> */
                    "text/html": string;
                };
            };
            400: components["responses"]["BadRequest"];
        };
    };
    redirect_to_console: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The address of the console. */
            302: {
                headers: {
                    /** @description The address. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
        };
    };
    get_console_file: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The name of the file.
                 * @example app.js
                 */
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example export {}; */
                    "text/javascript": string;
                    /** @example body { margin: 0 } */
                    "text/css": string;
                    /** @example <svg xmlns="http://www.w3.org/2000/svg"/> */
                    "image/svg+xml": string;
                };
            };
            400: components["responses"]["BadRequest"];
            404: components["responses"]["NotFound"];
        };
    };
    get_problems_page: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example <!doctype html> */
                    "text/html": string;
                };
            };
            400: components["responses"]["BadRequest"];
        };
    };
    get_openapi: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Document"];
            400: components["responses"]["BadRequest"];
        };
    };
    get_admin_openapi: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Document"];
            400: components["responses"]["BadRequest"];
        };
    };
    list_scenarios: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The list. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "scenarios": [
                     *         {
                     *           "name": "healthy",
                     *           "description": "an ordinary day",
                     *           "built_in": true
                     *         },
                     *         {
                     *           "name": "sso-outage",
                     *           "description": "the single sign-on service is down",
                     *           "extends": "healthy",
                     *           "built_in": true
                     *         }
                     *       ],
                     *       "meta": {
                     *         "total": 2
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ScenarioList"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    get_scenario: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Scenario"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    use_scenario: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description The scenario. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "sso-outage"
                 *     }
                 */
                "application/json": components["schemas"]["ScenarioChoice"];
            };
        };
        responses: {
            200: components["responses"]["Scenario"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["TooLarge"];
        };
    };
    reset_sandbox: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["ResetSandbox"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    list_faults: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The list. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "faults": [
                     *         {
                     *           "id": "fault-1",
                     *           "rule": {
                     *             "name": "busy",
                     *             "when": {
                     *               "operation": "list_connections"
                     *             },
                     *             "then": {
                     *               "status": 503,
                     *               "body": {
                     *                 "error": "try again later"
                     *               }
                     *             },
                     *             "times": 2
                     *           },
                     *           "matched": 3,
                     *           "applied": 2,
                     *           "active": false
                     *         }
                     *       ],
                     *       "meta": {
                     *         "total": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["FaultList"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    add_fault: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description The rule, in JSON or in YAML as in a scenario file. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "busy",
                 *       "when": {
                 *         "operation": "list_connections"
                 *       },
                 *       "then": {
                 *         "status": 503,
                 *         "body": {
                 *           "error": "try again later"
                 *         }
                 *       },
                 *       "times": 2
                 *     }
                 */
                "application/json": components["schemas"]["Rule"];
                /**
                 * @example {
                 *       "name": "busy",
                 *       "when": {
                 *         "operation": "list_connections"
                 *       },
                 *       "then": {
                 *         "status": 503,
                 *         "body": {
                 *           "error": "try again later"
                 *         }
                 *       },
                 *       "times": 2
                 *     }
                 */
                "application/yaml": components["schemas"]["Rule"];
            };
        };
        responses: {
            /** @description The added fault. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "fault-1",
                     *       "rule": {
                     *         "name": "busy",
                     *         "when": {
                     *           "operation": "list_connections"
                     *         },
                     *         "then": {
                     *           "status": 503,
                     *           "body": {
                     *             "error": "try again later"
                     *           }
                     *         },
                     *         "times": 2
                     *       },
                     *       "matched": 0,
                     *       "applied": 0,
                     *       "active": true
                     *     }
                     */
                    "application/json": components["schemas"]["Fault"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            /** @description The limit of faults per sandbox is reached. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "/__admin/docs/problems#too-many",
                     *       "title": "Too many",
                     *       "status": 409,
                     *       "detail": "the limit of 1000 faults is reached; remove some first"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["TooLarge"];
        };
    };
    delete_faults: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The faults are removed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    get_fault: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The id of the fault.
                 * @example fault-1
                 */
                id: components["parameters"]["FaultId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The fault. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "fault-1",
                     *       "rule": {
                     *         "name": "busy",
                     *         "then": {
                     *           "status": 503,
                     *           "body": {
                     *             "error": "try again later"
                     *           }
                     *         },
                     *         "ttl_ms": 60000
                     *       },
                     *       "matched": 3,
                     *       "applied": 3,
                     *       "active": true,
                     *       "ends_at": "2026-01-15T09:01:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Fault"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
        };
    };
    delete_fault: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The id of the fault.
                 * @example fault-1
                 */
                id: components["parameters"]["FaultId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
        };
    };
    export_state: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The state. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "version": 1,
                     *       "scenario": "healthy",
                     *       "clock": "2026-01-15T09:00:00Z",
                     *       "seed": 1,
                     *       "random_streams": 12,
                     *       "ids": {
                     *         "process": "0f1d5f2991",
                     *         "counter": 4711
                     *       },
                     *       "sso_calls": 3,
                     *       "sso_since": "2026-01-15T09:00:00Z",
                     *       "world": {
                     *         "keys": [],
                     *         "accounts": []
                     *       },
                     *       "sso": {}
                     *     }
                     */
                    "application/json": components["schemas"]["State"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    import_state: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description A state from `GET /__admin/state`. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "version": 1,
                 *       "scenario": "healthy",
                 *       "clock": "2026-01-15T09:00:00Z",
                 *       "seed": 1,
                 *       "random_streams": 12,
                 *       "ids": {
                 *         "process": "0f1d5f2991",
                 *         "counter": 4711
                 *       },
                 *       "sso_calls": 3,
                 *       "sso_since": "2026-01-15T09:00:00Z",
                 *       "world": {
                 *         "keys": [],
                 *         "accounts": []
                 *       },
                 *       "sso": {}
                 *     }
                 */
                "application/json": components["schemas"]["State"];
            };
        };
        responses: {
            200: components["responses"]["Sandbox"];
            /** @description The name of the sandbox is not valid, or the state has errors. Nothing was changed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "/__admin/docs/problems#bad-control-call",
                     *       "title": "Bad control call",
                     *       "status": 400,
                     *       "detail": "there is no account 5fd4371e940df5a34a3888b2",
                     *       "diagnostics": [
                     *         "body:1:241: there is no account 5fd4371e940df5a34a3888b2"
                     *       ]
                     *     }
                     */
                    "application/problem+json": components["schemas"]["DiagnosticsProblem"];
                };
            };
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            413: components["responses"]["TooLarge"];
            /** @description The state exceeds a budget of documents. Nothing was changed. */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "/__admin/docs/problems#budget-exceeded",
                     *       "title": "Budget exceeded",
                     *       "status": 507,
                     *       "detail": "the sandbox would have 100001 documents, and the maximum is 100000; delete some, or reset the sandbox"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_documents: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The collection, such as `connections`, `flows`, `accounts`, `sso_accounts` or `sso_connections`.
                 * @example connections
                 */
                collection: components["parameters"]["CollectionName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The documents. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "documents": [
                     *         {
                     *           "id": "5d9a4c421d011c553e000001",
                     *           "account": "5fd4371e940df5a34a3888b2",
                     *           "document": {
                     *             "id": "5d9a4c421d011c553e000001",
                     *             "relationship_type": "seller"
                     *           }
                     *         }
                     *       ],
                     *       "meta": {
                     *         "total": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DocumentList"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
        };
    };
    get_document: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The collection, such as `connections`, `flows`, `accounts`, `sso_accounts` or `sso_connections`.
                 * @example connections
                 */
                collection: components["parameters"]["CollectionName"];
                /**
                 * @description The id of the document.
                 * @example 5d9a4c421d011c553e000001
                 */
                id: components["parameters"]["DocumentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["StoredDocument"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
        };
    };
    put_document: {
        parameters: {
            query?: {
                /**
                 * @description The account that gets the document. The default is the account that has it already, else the first one.
                 * @example 5fd4371e940df5a34a3888b2
                 */
                account?: string;
            };
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The collection, such as `connections`, `flows`, `accounts`, `sso_accounts` or `sso_connections`.
                 * @example connections
                 */
                collection: components["parameters"]["CollectionName"];
                /**
                 * @description The id of the document.
                 * @example 5d9a4c421d011c553e000001
                 */
                id: components["parameters"]["DocumentId"];
            };
            cookie?: never;
        };
        /** @description The document. Its id can be left out. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "5d9a4c421d011c553e000005",
                 *       "buyer": {
                 *         "id": "5fd4371e940df5a34a3888b2",
                 *         "name": "Acme, Inc."
                 *       },
                 *       "seller": {
                 *         "id": "60b1f7aa940df5a34a3888d1",
                 *         "name": "Summit Lead Partners"
                 *       },
                 *       "created_at": "now - 1h"
                 *     }
                 */
                "application/json": Record<string, never>;
            };
        };
        responses: {
            200: components["responses"]["StoredDocument"];
            201: components["responses"]["StoredDocument"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["TooLarge"];
        };
    };
    delete_document: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The collection, such as `connections`, `flows`, `accounts`, `sso_accounts` or `sso_connections`.
                 * @example connections
                 */
                collection: components["parameters"]["CollectionName"];
                /**
                 * @description The id of the document.
                 * @example 5d9a4c421d011c553e000001
                 */
                id: components["parameters"]["DocumentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document is removed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
        };
    };
    get_sso: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["SsoHealth"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    set_sso: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description The health. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "status": "down",
                 *       "for": "30s"
                 *     }
                 */
                "application/json": components["schemas"]["SsoChange"];
            };
        };
        responses: {
            200: components["responses"]["SsoHealth"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            413: components["responses"]["TooLarge"];
        };
    };
    trace_lead: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The id of the lead.
                 * @example 69e3b1a2940df5a34a388e01
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The trace. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "lead": "69e3b1a2940df5a34a388e01",
                     *       "account": {
                     *         "id": "5fd4371e940df5a34a3888b2",
                     *         "name": "Acme, Inc."
                     *       },
                     *       "flow": {
                     *         "id": "64b8f0f5e4b0c3a1d5e6f7ab",
                     *         "name": "Auto insurance, Texas"
                     *       },
                     *       "source": {
                     *         "id": "5d9a4b10940df5a34a3888c1",
                     *         "name": "Summit Lead Partners"
                     *       },
                     *       "submission": {
                     *         "timestamp": "2026-01-15T09:00:00.000Z",
                     *         "ip": "198.51.100.17"
                     *       },
                     *       "outcome": "success",
                     *       "reason": "",
                     *       "decided_by": {
                     *         "kind": "completed",
                     *         "id": null,
                     *         "description": "every step was completed"
                     *       },
                     *       "exchange": 12,
                     *       "steps": [
                     *         {
                     *           "event": "69e3b1a3940df5a34a388f01",
                     *           "started_at": "2026-01-15T09:00:00.000Z",
                     *           "type": "filter",
                     *           "outcome": "continue",
                     *           "reason": "",
                     *           "step_id": "1bbcd4",
                     *           "ms": 4
                     *         }
                     *       ],
                     *       "meta": {
                     *         "total": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LeadTrace"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
        };
    };
    list_snapshots: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The list. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "snapshots": [
                     *         {
                     *           "name": "before-import",
                     *           "scenario": "healthy",
                     *           "now": "2026-01-15T09:00:00Z"
                     *         }
                     *       ],
                     *       "meta": {
                     *         "total": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SnapshotList"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    take_snapshot: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The name of the snapshot.
                 * @example before-import
                 */
                name: components["parameters"]["SnapshotName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The snapshot. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "before-import",
                     *       "scenario": "healthy",
                     *       "now": "2026-01-15T09:00:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            /** @description The limit of snapshots in a sandbox, or in all sandboxes, is reached. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "/__admin/docs/problems#too-many",
                     *       "title": "Too many",
                     *       "status": 409,
                     *       "detail": "the limit of 32 snapshots is reached; remove some first"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_snapshot: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The name of the snapshot.
                 * @example before-import
                 */
                name: components["parameters"]["SnapshotName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
        };
    };
    restore_snapshot: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The name of the snapshot.
                 * @example before-import
                 */
                name: components["parameters"]["SnapshotName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Sandbox"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
        };
    };
    get_clock: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Clock"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    set_clock: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description The change. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClockChange"];
            };
        };
        responses: {
            200: components["responses"]["Clock"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            413: components["responses"]["TooLarge"];
        };
    };
    list_sandboxes: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The list. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sandboxes": [
                     *         {
                     *           "name": "default",
                     *           "scenario": "healthy",
                     *           "scenario_since": "2026-01-15T08:00:00.000Z",
                     *           "sso": "up",
                     *           "rules": 0,
                     *           "journal": {
                     *             "entries": 42,
                     *             "dropped": 0
                     *           },
                     *           "clock": {
                     *             "now": "2026-01-15T09:00:00Z",
                     *             "mode": "real",
                     *             "offset_ms": 0
                     *           },
                     *           "requests": 42,
                     *           "faults": 0,
                     *           "snapshots": [],
                     *           "idle_ms": 1500
                     *         }
                     *       ],
                     *       "meta": {
                     *         "total": 1
                     *       },
                     *       "start": {
                     *         "scenario": "healthy",
                     *         "clock": "real"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SandboxList"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    delete_sandboxes: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sandboxes have ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    create_sandbox: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The name of the sandbox.
                 * @example my-test
                 */
                name: components["parameters"]["SandboxName"];
            };
            cookie?: never;
        };
        /** @description The scenario. The default is the one that the server started with. */
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "scenario": "sso-outage"
                 *     }
                 */
                "application/json": components["schemas"]["NewSandbox"];
            };
        };
        responses: {
            200: components["responses"]["Sandbox"];
            201: components["responses"]["Sandbox"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["TooLarge"];
        };
    };
    delete_sandbox: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The name of the sandbox.
                 * @example my-test
                 */
                name: components["parameters"]["SandboxName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sandbox has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
        };
    };
    verify: {
        parameters: {
            query?: {
                /**
                 * @description The format of the verdict.
                 * @example text
                 */
                format?: "json" | "text" | "junit";
                /**
                 * @description For how long to wait for a verdict that is passed, in milliseconds or as text such as `2s`.
                 * @example 1500
                 */
                wait?: number | string;
                /**
                 * @description True to give a verdict that is not passed the status 409.
                 * @example true
                 */
                fail?: boolean;
            };
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description The expectations, in JSON or YAML. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "expectations": [
                 *         {
                 *           "name": "the missing connection is repaired once",
                 *           "operation": "repair_connection",
                 *           "request": {
                 *             "bodyPatterns": [
                 *               {
                 *                 "equalToJson": {
                 *                   "connection_id": "5d9a4c421d011c553e000004"
                 *                 }
                 *               }
                 *             ]
                 *           },
                 *           "status": 201,
                 *           "exactly": 1
                 *         },
                 *         {
                 *           "name": "it is listed after it was repaired",
                 *           "order": [
                 *             {
                 *               "operation": "repair_connection"
                 *             },
                 *             {
                 *               "operation": "list_connections"
                 *             }
                 *           ]
                 *         },
                 *         {
                 *           "repaired": {
                 *             "operation": "repair_connection",
                 *             "status": 409
                 *           }
                 *         },
                 *         {
                 *           "no_violations": true
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["Expectations"];
                /**
                 * @example {
                 *       "expectations": [
                 *         {
                 *           "operation": "list_connections",
                 *           "at_most": 3
                 *         }
                 *       ]
                 *     }
                 */
                "application/yaml": components["schemas"]["Expectations"];
            };
        };
        responses: {
            /** @description The verdict, passed or not. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "passed": false,
                     *       "outcome": "failed",
                     *       "expectations": [
                     *         {
                     *           "name": "at least 1 of operation `repair_connection`",
                     *           "passed": false,
                     *           "outcome": "failed",
                     *           "expected": "at least 1 of operation `repair_connection`",
                     *           "found": "0",
                     *           "exchanges": 3,
                     *           "matched": [],
                     *           "differences": [],
                     *           "nearest": []
                     *         }
                     *       ],
                     *       "exchanges": 3,
                     *       "dropped": 0,
                     *       "text": "failed: 0 of 1 expectations met, in 3 exchanges\n\nFAILED  at least 1 of operation `repair_connection`\n  found    0\n"
                     *     }
                     */
                    "application/json": components["schemas"]["Verdict"];
                    /**
                     * @example <?xml version="1.0" encoding="UTF-8"?>
                     *     <testsuites name="leadconduit-mock" tests="1" failures="0" errors="0">
                     *         <testsuite name="verify" tests="1" disabled="0" errors="0" failures="0"/>
                     *     </testsuites>
                     */
                    "application/xml": string;
                    /**
                     * @example passed: 1 of 1 expectations met, in 3 exchanges
                     *
                     *     ok      no violations in any request
                     */
                    "text/plain": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            /** @description A verdict that is not passed, with `fail=true`. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "passed": false,
                     *       "outcome": "inconclusive",
                     *       "expectations": [],
                     *       "exchanges": 0,
                     *       "dropped": 0,
                     *       "text": "inconclusive: 0 of 1 expectations met, in 0 exchanges"
                     *     }
                     */
                    "application/json": components["schemas"]["Verdict"];
                    /** @example <?xml version="1.0" encoding="UTF-8"?><testsuites/> */
                    "application/xml": string;
                    /** @example inconclusive: 0 of 1 expectations met, in 0 exchanges */
                    "text/plain": string;
                };
            };
            413: components["responses"]["TooLarge"];
        };
    };
    get_coverage: {
        parameters: {
            query?: {
                /** @description All sandboxes in place of one. */
                sandbox?: "*";
                /**
                 * @description Limits the document to these operations: ids separated by commas, or `called` for those that were called.
                 * @example called
                 */
                operations?: string;
            };
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "version": 1,
                     *       "mock": "0.1.0",
                     *       "sandbox": "*",
                     *       "summary": {
                     *         "percent": 75,
                     *         "units": {
                     *           "covered": 3,
                     *           "total": 4
                     *         },
                     *         "operations": {
                     *           "covered": 1,
                     *           "total": 1
                     *         },
                     *         "statuses": {
                     *           "covered": 2,
                     *           "total": 3
                     *         },
                     *         "parameters": {
                     *           "covered": 1,
                     *           "total": 1
                     *         },
                     *         "fields": {
                     *           "covered": 0,
                     *           "total": 0
                     *         },
                     *         "documented": {
                     *           "covered": 3,
                     *           "total": 3
                     *         },
                     *         "observed": {
                     *           "covered": 0,
                     *           "total": 1
                     *         },
                     *         "inferred": {
                     *           "covered": 0,
                     *           "total": 0
                     *         },
                     *         "violations": 1,
                     *         "unmatched": 1
                     *       },
                     *       "operations": [
                     *         {
                     *           "operation": "list_connections",
                     *           "method": "GET",
                     *           "path": "/connections",
                     *           "evidence": "documented",
                     *           "calls": 3,
                     *           "statuses": [
                     *             {
                     *               "status": 200,
                     *               "evidence": "documented",
                     *               "count": 2
                     *             },
                     *             {
                     *               "status": 400,
                     *               "evidence": "documented",
                     *               "count": 1
                     *             },
                     *             {
                     *               "status": 403,
                     *               "evidence": "observed",
                     *               "count": 0
                     *             }
                     *           ],
                     *           "parameters": [
                     *             {
                     *               "name": "relationship_type",
                     *               "evidence": "documented",
                     *               "count": 2
                     *             }
                     *           ],
                     *           "fields": [],
                     *           "undocumented": {
                     *             "statuses": [],
                     *             "parameters": [],
                     *             "fields": []
                     *           }
                     *         }
                     *       ],
                     *       "left": [
                     *         {
                     *           "operation": "list_connections",
                     *           "statuses": [
                     *             403
                     *           ],
                     *           "parameters": [],
                     *           "fields": []
                     *         }
                     *       ],
                     *       "scenarios": [
                     *         {
                     *           "scenario": "healthy",
                     *           "built_in": true,
                     *           "count": 4
                     *         }
                     *       ],
                     *       "violations": [
                     *         {
                     *           "operation": "list_connections",
                     *           "location": "/query/relationship_type",
                     *           "code": "enum",
                     *           "message": "relationship_type must be one of seller, buyer",
                     *           "rejected": true,
                     *           "count": 1,
                     *           "first": {
                     *             "sandbox": "default",
                     *             "request": 2
                     *           }
                     *         }
                     *       ],
                     *       "unmatched": [
                     *         {
                     *           "method": "GET",
                     *           "path": "/conections",
                     *           "count": 1
                     *         }
                     *       ],
                     *       "effects": [],
                     *       "exchanges": 4,
                     *       "violating": 1,
                     *       "handled_by_mock": 0,
                     *       "compared": 3,
                     *       "overflow": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Coverage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    listen_to_events: {
        parameters: {
            query?: {
                /**
                 * @description `*` streams the events of all sandboxes, also of those that are created later.
                 * @example *
                 */
                sandbox?: "*";
            };
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The events. The response does not end by itself. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example event: exchange
                     *     data: {"id":7,"at":"2026-01-15T09:00:00.000Z","method":"GET","path":"/connections","query":null,"operation":"list_connections","status":503,"scenario":"healthy","unmatched":false,"took_us":62,"delay_ms":250,"wire_fault":null,"lead":null,"violations":[],"problem":null,"applied_rules":[{"rule":"busy","effects":["status=503","delay=250"]}],"sandbox":"default"}
                     *
                     *     event: fault_applied
                     *     data: {"id":7,"at":"2026-01-15T09:00:00.000Z","method":"GET","path":"/connections","query":null,"operation":"list_connections","status":503,"scenario":"healthy","delay_ms":250,"applied_rules":[{"rule":"busy","effects":["status=503","delay=250"]}],"sandbox":"default"}
                     *
                     *     event: violation
                     *     data: {"id":8,"at":"2026-01-15T09:00:01.000Z","method":"POST","path":"/connections","query":null,"operation":"repair_connection","status":400,"scenario":"healthy","violations":[{"location":"/body","code":"required","message":"connection_id is required"}],"sandbox":"default"}
                     *
                     *     event: switch
                     *     data: {"scenario":"sso-outage","keep_world":false,"sandbox":"default"}
                     */
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    show_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example # HELP leadconduit_mock_requests Requests by operation and status.
                     *     # TYPE leadconduit_mock_requests counter
                     *     leadconduit_mock_requests_total{operation="list_connections",status="200"} 3
                     *     # EOF
                     */
                    "application/openmetrics-text": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    list_requests: {
        parameters: {
            query?: {
                /**
                 * @description `*` lists the requests of all sandboxes, the newest first by their clocks. It cannot be combined with `before` and `after`.
                 * @example *
                 */
                sandbox?: components["parameters"]["OfAllSandboxes"];
                /**
                 * @description Only requests of this operation.
                 * @example list_connections
                 */
                operation?: components["parameters"]["OfOperation"];
                /**
                 * @description Only requests with this response status.
                 * @example 200
                 */
                status?: components["parameters"]["OfStatus"];
                /**
                 * @description Only requests with this method; case-insensitive.
                 * @example GET
                 */
                method?: components["parameters"]["OfMethod"];
                /**
                 * @description True for requests that broke the contract, false for the others.
                 * @example true
                 */
                violations?: components["parameters"]["WithViolations"];
                /**
                 * @description True for unmatched requests, false for the others.
                 * @example false
                 */
                unmatched?: components["parameters"]["Unmatched"];
                /**
                 * @description Only requests at or after this time, on the clock of the sandbox.
                 * @example 2026-01-15T09:00:00Z
                 */
                since?: components["parameters"]["Since"];
                /**
                 * @description The largest number of requests. `meta.total` is the total, `meta.next` the cursor of the next page.
                 * @example 50
                 */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description Only requests with a smaller number: the cursor for paging, from `meta.next`. It does not change `meta.total`.
                 * @example 51
                 */
                before?: components["parameters"]["Before"];
                /**
                 * @description Only requests with a larger number. A request is numbered on arrival and recorded with its response, so a slow request can be recorded after others with larger numbers. It does not change `meta.total`.
                 * @example 0
                 */
                after?: components["parameters"]["After"];
            };
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["ServeEvents"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    clear_journal: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Done"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    get_request: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The number of the request, as in `X-Mock-Request-Id`, or its id.
                 * @example 7
                 */
                id: components["parameters"]["RequestId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["ServeEvent"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
        };
    };
    delete_request: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The number of the request, as in `X-Mock-Request-Id`, or its id.
                 * @example 7
                 */
                id: components["parameters"]["RequestId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Done"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
        };
    };
    replay_request: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The number of the request, as in `X-Mock-Request-Id`, or its id.
                 * @example 7
                 */
                id: components["parameters"]["RequestId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The new exchange. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "replayed": 7,
                     *       "exchange": {
                     *         "id": "00000000-0000-4000-8000-000000000007",
                     *         "request": {
                     *           "id": "00000000-0000-4000-8000-000000000007",
                     *           "url": "/connection?relationship_type=buyer",
                     *           "absoluteUrl": "http://127.0.0.1:4010/connection?relationship_type=buyer",
                     *           "method": "GET",
                     *           "clientIp": "127.0.0.1",
                     *           "scheme": "http",
                     *           "host": "127.0.0.1",
                     *           "port": 4010,
                     *           "headers": {
                     *             "Host": "127.0.0.1:4010",
                     *             "Authorization": "Basic ***"
                     *           },
                     *           "cookies": {},
                     *           "browserProxyRequest": false,
                     *           "loggedDate": 1768467600000,
                     *           "loggedDateString": "2026-01-15T09:00:00.000Z",
                     *           "queryParams": {
                     *             "relationship_type": {
                     *               "key": "relationship_type",
                     *               "values": [
                     *                 "buyer"
                     *               ]
                     *             }
                     *           },
                     *           "bodyAsBase64": "",
                     *           "body": "",
                     *           "protocol": "HTTP/1.1"
                     *         },
                     *         "responseDefinition": {
                     *           "status": 404,
                     *           "headers": {
                     *             "Content-Type": "application/problem+json"
                     *           },
                     *           "body": "{\"title\":\"No such operation\"}",
                     *           "fromConfiguredStub": false
                     *         },
                     *         "response": {
                     *           "status": 404,
                     *           "headers": {
                     *             "Content-Type": "application/problem+json"
                     *           },
                     *           "bodyAsBase64": "eyJ0aXRsZSI6Ik5vIHN1Y2ggb3BlcmF0aW9uIn0=",
                     *           "body": "{\"title\":\"No such operation\"}"
                     *         },
                     *         "wasMatched": false,
                     *         "timing": {
                     *           "addedDelay": 0,
                     *           "processTime": 0,
                     *           "responseSendTime": 0,
                     *           "serveTime": 0,
                     *           "totalTime": 0
                     *         },
                     *         "number": 7,
                     *         "sandbox": "default",
                     *         "scenario": "healthy",
                     *         "operation": null,
                     *         "evidence": null,
                     *         "caller": {
                     *           "account": "5fd4371e940df5a34a3888b2",
                     *           "user": "5fd438f91f0d12766e2bfee5"
                     *         },
                     *         "lead": null,
                     *         "violations": [],
                     *         "applied_rules": [],
                     *         "wire_fault": null,
                     *         "delay_ms": 0,
                     *         "took_us": 120,
                     *         "bodies": {
                     *           "request": {
                     *             "bytes": 0,
                     *             "truncated": false
                     *           },
                     *           "response": {
                     *             "bytes": 29,
                     *             "truncated": false
                     *           }
                     *         }
                     *       },
                     *       "notes": [
                     *         "the header `x-token` has *** in place of a secret"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Replay"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
            /** @description The journal does not have the whole request. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "/__admin/docs/problems#not-replayable",
                     *       "title": "Request cannot be sent again",
                     *       "status": 409,
                     *       "detail": "request 7 cannot be sent again: its request line has no valid URL"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    compare_requests: {
        parameters: {
            query: {
                /**
                 * @description The number or id of the other exchange, in the same sandbox.
                 * @example 8
                 */
                with: string;
            };
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path: {
                /**
                 * @description The number of the request, as in `X-Mock-Request-Id`, or its id.
                 * @example 7
                 */
                id: components["parameters"]["RequestId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The differences. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "first": {
                     *         "id": 7,
                     *         "at": "2026-01-15T09:00:00.000Z",
                     *         "method": "GET",
                     *         "path": "/connections",
                     *         "query": null,
                     *         "operation": "list_connections",
                     *         "status": 200,
                     *         "scenario": "healthy",
                     *         "unmatched": false,
                     *         "took_us": 120,
                     *         "delay_ms": 0,
                     *         "wire_fault": null,
                     *         "lead": null,
                     *         "violations": [],
                     *         "applied_rules": [],
                     *         "sandbox": "default"
                     *       },
                     *       "second": {
                     *         "id": 8,
                     *         "at": "2026-01-15T09:00:00.000Z",
                     *         "method": "GET",
                     *         "path": "/connections",
                     *         "query": null,
                     *         "operation": "list_connections",
                     *         "status": 200,
                     *         "scenario": "healthy",
                     *         "unmatched": false,
                     *         "took_us": 120,
                     *         "delay_ms": 0,
                     *         "wire_fault": null,
                     *         "lead": null,
                     *         "violations": [],
                     *         "applied_rules": [],
                     *         "sandbox": "default"
                     *       },
                     *       "equal": false,
                     *       "differences": [
                     *         {
                     *           "location": "/response/body/0/status",
                     *           "first": "completed",
                     *           "second": "sso_only"
                     *         }
                     *       ],
                     *       "further": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Comparison"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
        };
    };
    find_requests: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Pattern"];
        responses: {
            200: components["responses"]["LoggedRequests"];
            400: components["responses"]["BadPattern"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            413: components["responses"]["TooLarge"];
        };
    };
    count_requests: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Pattern"];
        responses: {
            200: components["responses"]["RequestCount"];
            400: components["responses"]["BadPattern"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            413: components["responses"]["TooLarge"];
        };
    };
    remove_requests: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Pattern"];
        responses: {
            200: components["responses"]["RemovedEvents"];
            400: components["responses"]["BadPattern"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            413: components["responses"]["TooLarge"];
        };
    };
    reset_journal: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Done"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    list_summaries: {
        parameters: {
            query?: {
                /**
                 * @description `*` lists the requests of all sandboxes, the newest first by their clocks. It cannot be combined with `before` and `after`.
                 * @example *
                 */
                sandbox?: components["parameters"]["OfAllSandboxes"];
                /**
                 * @description Only requests of this operation.
                 * @example list_connections
                 */
                operation?: components["parameters"]["OfOperation"];
                /**
                 * @description Only requests with this response status.
                 * @example 200
                 */
                status?: components["parameters"]["OfStatus"];
                /**
                 * @description Only requests with this method; case-insensitive.
                 * @example GET
                 */
                method?: components["parameters"]["OfMethod"];
                /**
                 * @description True for requests that broke the contract, false for the others.
                 * @example true
                 */
                violations?: components["parameters"]["WithViolations"];
                /**
                 * @description True for unmatched requests, false for the others.
                 * @example false
                 */
                unmatched?: components["parameters"]["Unmatched"];
                /**
                 * @description Only requests at or after this time, on the clock of the sandbox.
                 * @example 2026-01-15T09:00:00Z
                 */
                since?: components["parameters"]["Since"];
                /**
                 * @description The largest number of requests. `meta.total` is the total, `meta.next` the cursor of the next page.
                 * @example 50
                 */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description Only requests with a smaller number: the cursor for paging, from `meta.next`. It does not change `meta.total`.
                 * @example 51
                 */
                before?: components["parameters"]["Before"];
                /**
                 * @description Only requests with a larger number. A request is numbered on arrival and recorded with its response, so a slow request can be recorded after others with larger numbers. It does not change `meta.total`.
                 * @example 0
                 */
                after?: components["parameters"]["After"];
            };
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The summaries. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "requests": [
                     *         {
                     *           "id": 8,
                     *           "at": "2026-01-15T09:00:00.000Z",
                     *           "method": "GET",
                     *           "path": "/connections",
                     *           "query": null,
                     *           "operation": "list_connections",
                     *           "status": 200,
                     *           "scenario": "healthy",
                     *           "unmatched": false,
                     *           "took_us": 120,
                     *           "delay_ms": 0,
                     *           "wire_fault": null,
                     *           "lead": null,
                     *           "violations": [],
                     *           "applied_rules": [],
                     *           "sandbox": "default"
                     *         }
                     *       ],
                     *       "meta": {
                     *         "total": 1,
                     *         "dropped": 0
                     *       },
                     *       "requestJournalDisabled": false
                     *     }
                     */
                    "application/json": components["schemas"]["SummaryList"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    list_unmatched_requests: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["LoggedRequests"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    list_unmatched_near_misses: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["NearMisses"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
        };
    };
    near_misses_of_request: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Described"];
        responses: {
            200: components["responses"]["NearMisses"];
            400: components["responses"]["BadPattern"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            413: components["responses"]["TooLarge"];
        };
    };
    near_misses_of_pattern: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Pattern"];
        responses: {
            200: components["responses"]["PatternNearMisses"];
            400: components["responses"]["BadPattern"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            413: components["responses"]["TooLarge"];
        };
    };
    near_misses_of_request_elsewhere: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Described"];
        responses: {
            200: components["responses"]["NearMisses"];
            400: components["responses"]["BadPattern"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            413: components["responses"]["TooLarge"];
        };
    };
    near_misses_of_pattern_elsewhere: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Pattern"];
        responses: {
            200: components["responses"]["PatternNearMisses"];
            400: components["responses"]["BadPattern"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            413: components["responses"]["TooLarge"];
        };
    };
    explain: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The sandbox on which the call acts. The default is `default`.
                 * @example my-test
                 */
                "X-Mock-Sandbox"?: components["parameters"]["Sandbox"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description A request as in the examples of a scenario, or the number of an exchange. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "method": "GET",
                 *       "path": "/conections"
                 *     }
                 */
                "application/json": components["schemas"]["ExplainRequest"];
            };
        };
        responses: {
            /** @description The explanation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "exchange": 17,
                     *       "sandbox": "default",
                     *       "scenario": "healthy",
                     *       "request": {
                     *         "method": "GET",
                     *         "url": "/conections"
                     *       },
                     *       "caller": {
                     *         "account": "5fd4371e940df5a34a3888b2",
                     *         "user": "5fd438f91f0d12766e2bfee5"
                     *       },
                     *       "operation": null,
                     *       "nearest": {
                     *         "operation": "list_connections",
                     *         "method": "GET",
                     *         "path": "/connections",
                     *         "difference": "the first segment is `conections`, not `connections`"
                     *       },
                     *       "lead": null,
                     *       "violations": [],
                     *       "applied_rules": [],
                     *       "wire_fault": null,
                     *       "delay_ms": 0,
                     *       "reply": {
                     *         "status": 404,
                     *         "headers": {
                     *           "content-type": "application/problem+json"
                     *         },
                     *         "body": {
                     *           "title": "No such operation"
                     *         }
                     *       },
                     *       "reasons": [
                     *         "the sandbox is `default`, the scenario is `healthy`",
                     *         "GET /conections matches no operation; the nearest is GET /connections (list_connections)"
                     *       ],
                     *       "curl": "curl -i -u \"API:$LEADCONDUIT_API_KEY\" 'http://127.0.0.1:4010/conections'",
                     *       "snippet": "version: 1\nname: exchange-17\n"
                     *     }
                     */
                    "application/json": components["schemas"]["Explanation"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["TokenNeeded"];
            403: components["responses"]["NotAllowed"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["TooLarge"];
        };
    };
}
