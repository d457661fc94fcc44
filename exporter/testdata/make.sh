#!/bin/sh
# Records the captures of this folder anew. Run it in the top folder, while no demo runs; then `go test ./exporter -update`.
#
#   exporter/testdata/make.sh shop    some seconds of the demo shop, by its own relay, with people who log in and four incidents
#   exporter/testdata/make.sh nginx   one client that does everything once, at a real nginx, and nginx' access log (as root)
set -eu

shop() {
	make demo-program
	record=$(mktemp)
	trap 'rm -f "$record"' EXIT
	bin/demo shop --visitors=10 --relay="$record" &
	sleep 8
	for kind in dead errors hang deaddb; do
		bin/demo incident "$kind" >/dev/null
		sleep 3
	done
	bin/demo stop >/dev/null
	wait
	gzip -9 -n <"$record" >exporter/testdata/shop.pcap.gz
}

nginx() {
	WIRE_TEST_LIVE=1 go test -count=1 ./exporter -run '^TestLiveRecording$' -update
}

case ${1-} in
shop | nginx) "$1" ;;
*) sed -n '2,5s/^# \{0,1\}//p' "$0" && exit 1 ;;
esac
