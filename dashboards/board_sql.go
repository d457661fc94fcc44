package main

func sqlBoard() Board {
	const of = `service_name="$service", database=~"$database"`
	statement := []Column{{Label: "statement", Title: "statement"}, {Label: "statement_id", Title: "id"}}
	named := func(expr string) string {
		return `(` + expr + `) * on (service_name, statement_id) group_left (statement) max by (service_name, statement_id, statement) (wire_sql_statement_info{service_name="$service"})`
	}
	return Board{
		UID: "wire-sql", Title: "SQL", From: "6h", Refresh: "30s",
		Description: "A database: statements by the time they take, errors, rows, log-ins, transactions and sessions.",
		Variables: []Variable{
			{Name: "service", Title: "Service", Metric: "wire_sql_sessions", Label: "service_name"},
			{Name: "protocol", Title: "Protocol", Metric: `wire_sql_sessions{service_name="$service"}`, Label: "protocol"},
			{Name: "database", Title: "Database", Metric: `wire_sql_sessions{service_name="$service"}`, Label: "database", Multi: true},
		},
		Rows: []Row{
			{Panels: []Panel{
				band("Statements/s", "request_rate", PerSec, "Statements a second that have ended.").fromZero(),
				band("Errors", "error_ratio", Ratio, "The share of statements that the server failed, or did not answer.").fromZero(),
				band("p95 duration", "duration_p95", Seconds, "95 of 100 statements are faster, from the first byte of the statement to the last byte of its result.").fromZero(),
			}},
			{Title: "Statements", Panels: []Panel{
				rows("By time used", "How much of each second the statement takes of all connections together: what to make faster first.", "time/s", statement,
					cell("time/s", Seconds, named(`topk(15, histogram_sum(sum by (service_name, statement_id) (rate(wire_sql_statement_duration_seconds{service_name="$service"}[$__range]))))`)),
					cell("statements/s", PerSec, named(`histogram_count(sum by (service_name, statement_id) (rate(wire_sql_statement_duration_seconds{service_name="$service"}[$__range]))) > 0`)),
				).wide(24, 10),
				rows("By duration", "The slowest statements by their p95.", "p95", statement,
					cell("p95", Seconds, named(`topk(15, histogram_quantile(0.95, sum by (service_name, statement_id) (rate(wire_sql_statement_duration_seconds{service_name="$service"}[$__range]))) >= 0)`)),
				).wide(24, 10),
			}},
			{Title: "Errors, rows, log-ins", Panels: []Panel{
				lines("Error codes (1/s)", Events, "Answers that are errors, by SQLSTATE or by the vendor's code. Empty while there are none.",
					q(`sum by (code) (rate(wire_responses_total`+in(`code!~"00000|0|"`)+`[$__rate_interval])) > 0`, "{{code}}")).stacked().fromZero(),
				lines("Rows/s", Events, "Rows that were returned or changed.",
					q(`sum by (database) (rate(wire_sql_rows_total{`+of+`}[$__rate_interval]))`, "{{database}}")).fromZero(),
				lines("Log-ins/s", Events, "Log-ins to the database, by how they ended. Empty while nobody logs in.",
					q(`sum by (outcome) (rate(wire_sql_logins_total{`+of+`}[$__rate_interval])) > 0`, "{{outcome}}")).stacked().fromZero(),
				lines("Operations (1/s)", PerSec, "Statements by their verb. Empty while nobody asks.",
					q(`label_replace(sum by (operation) (rate(wire_requests_total`+in()+`[$__rate_interval])) > 0, "operation", "none", "operation", "")`, "{{operation}}")).stacked().fromZero(),
				lines("Sessions", Count, "Connections that are logged in. What is idle in a transaction holds its locks. Empty while nobody is logged in.",
					q(`sum by (state) (wire_sql_sessions{`+of+`}) > 0`, "{{state}}")).stacked().fromZero(),
				lines("Transactions, p95", Seconds, "How long transactions of several statements last, by how they ended.",
					q(`histogram_quantile(0.95, sum by (outcome) (rate(wire_sql_transaction_duration_seconds{`+of+`}[$__rate_interval])))`, "{{outcome}}")).fromZero(),
				rows("Slowest tables", "By the first table of the statement.", "p95", []Column{{Label: "operation", Title: "operation"}, {Label: "resource", Title: "table"}},
					cell("p95", Seconds, `topk(15, histogram_quantile(0.95, sum by (operation, resource) (rate(wire_operation_duration_seconds`+in(`outcome=~"ok|client_error"`)+`[$__range]))) >= 0)`),
					cell("statements/s", PerSec, `histogram_count(sum by (operation, resource) (rate(wire_operation_duration_seconds`+in()+`[$__range]))) > 0`),
				),
				rows("Who asks", "Callers of this database.", "calls/s", []Column{{Label: "client_name", Title: "caller", Board: "wire-service", Variable: "service"}},
					cell("calls/s", PerSec, calls("client_name", `, service_name="$service"`)),
					cell("p95", Seconds, `max by (client_name) (wire:signal:value{signal="call_p95", service_name="$service"})`),
				),
			}},
		},
	}
}
