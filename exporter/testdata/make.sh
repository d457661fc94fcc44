#!/bin/sh
# Records shop.pcap.gz, what the tests of the exporter read: half a minute of the demo shop, by its own relay, with people who log in
# and three incidents. Run it in the top folder after `make demo`, while no demo runs; then `go test ./exporter -update`.
set -eu

record=$(mktemp)
trap 'rm -f "$record"' EXIT
bin/demo shop --visitors=16 --relay="$record" &
sleep 15
for kind in dead errors hang; do
	bin/demo incident "$kind" >/dev/null
	sleep 4
done
bin/demo stop >/dev/null
wait
gzip -9 -n <"$record" >exporter/testdata/shop.pcap.gz
