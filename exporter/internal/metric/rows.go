package metric

import (
	"cmp"
	"slices"
)

// rows finds the rows of a Report by their names while it is made.
type rows struct {
	report     *Report
	services   map[[5]string]*ServiceReport
	operations map[[5]string]*OperationReport
	calls      map[[5]string]*CallReport
	servers    map[[5]string]*ServerReport
	users      map[[5]string]*UserReport
	databases  map[[5]string]*DatabaseReport
	statements map[[5]string]*StatementReport
}

func newRows(r *Report) *rows {
	return &rows{r, map[[5]string]*ServiceReport{}, map[[5]string]*OperationReport{}, map[[5]string]*CallReport{},
		map[[5]string]*ServerReport{}, map[[5]string]*UserReport{},
		map[[5]string]*DatabaseReport{}, map[[5]string]*StatementReport{}}
}

// row is the row of these names, made by fresh when there is none.
func row[T any](all map[[5]string]*T, fresh T, names ...string) *T {
	k := [5]string(append(names, make([]string, 5-len(names))...))
	r := all[k]
	if r == nil {
		r = &fresh
		all[k] = r
	}
	return r
}

func (rs *rows) service(s *series) *ServiceReport {
	service, protocol, source := s.value("service_name"), s.value("protocol"), s.value("source")
	return row(rs.services, ServiceReport{Service: service, Protocol: protocol, Source: source}, service, protocol, source)
}

func (rs *rows) operation(s *series) *OperationReport {
	service, protocol, source := s.value("service_name"), s.value("protocol"), s.value("source")
	operation, resource := s.value("operation"), s.value("resource")
	fresh := OperationReport{Service: service, Protocol: protocol, Operation: operation, Resource: resource, Source: source}
	return row(rs.operations, fresh, service, protocol, operation, resource, source)
}

func (rs *rows) call(s *series) *CallReport {
	client, service, protocol := s.value("client_name"), s.value("service_name"), s.value("protocol")
	return row(rs.calls, CallReport{Client: client, Service: service, Protocol: protocol}, client, service, protocol)
}

func (rs *rows) server(service string) *ServerReport {
	return row(rs.servers, ServerReport{Service: service}, service)
}

func (rs *rows) user(service, source string) *UserReport {
	return row(rs.users, UserReport{Service: service, Source: source}, service, source)
}

// wait adds what is in flight. A service that nothing has ended at yet gets its row by this.
func (rs *rows) wait(service, protocol string, n int64, age float64) {
	source := sourceNames[0]
	s := rs.services[[5]string{service, protocol, source}]
	if s == nil {
		if n == 0 {
			return
		}
		s = row(rs.services, ServiceReport{Service: service, Protocol: protocol, Source: source}, service, protocol, source)
	}
	s.InFlight += n
	s.OldestAge = max(s.OldestAge, age)
}

// finish puts the rows into the Report, in order.
func (rs *rows) finish() {
	for _, s := range rs.services {
		if u := rs.users[[5]string{s.Service, s.Source}]; u != nil {
			s.Users5m, s.Users1h = u.Users5m, u.Users1h
		}
		slices.SortFunc(s.Failures, func(a, b Failure) int {
			return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.N, a.N), cmp.Compare(a.Code, b.Code))
		})
	}
	rs.report.Services = ordered(rs.services)
	rs.report.Operations = ordered(rs.operations)
	rs.report.Calls = ordered(rs.calls)
	rs.report.Servers = ordered(rs.servers)
	rs.report.Users = ordered(rs.users)
	rs.report.Databases = ordered(rs.databases)
	rs.report.Statements = byTime(ordered(rs.statements))
}

func ordered[T any](all map[[5]string]*T) []T {
	keys := make([][5]string, 0, len(all))
	for k := range all {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [5]string) int { return slices.Compare(a[:], b[:]) })
	rows := make([]T, len(keys))
	for i, k := range keys {
		rows[i] = *all[k]
	}
	return rows
}
