# Everything runs from the checkout: .venv, node_modules, instance and output are its own.
.DEFAULT_GOAL := help
.PHONY: help run test coverage lint bench bench-quick papers pictures postgresql chaos cluster cluster-chaos fuzz format lock audit sbom clean browser

PORT ?= 8000
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Bytecode is written into .cache, so that the sources stay clean. Without it, every program that
# starts would compile the sources again, which takes a third of a second.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode
unexport PYTHONDONTWRITEBYTECODE
APT := $(if $(filter 0,$(shell id -u)),,sudo )apt-get
# Two processes install in two thirds of the time that one takes. A module is compiled when it is first
# imported; to compile all of them would take ten seconds, and most are never used.
INSTALL := pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile
define install
awk '/^[a-z]/ {n++} {print > (".venv/$(@F)-" n % 2 ".txt")}' $(1)
$(INSTALL) -r .venv/$(@F)-0.txt & first=$$!; $(INSTALL) -r .venv/$(@F)-1.txt; second=$$?; wait $$first && exit $$second
endef

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: .venv/run .env ## set up, build the portal, fill the demonstration and serve (PORT=8000)
	@python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT)))' 2>/dev/null || { \
		echo "Cổng $(PORT) đang có chương trình khác dùng. Hãy chọn cổng khác, ví dụ: make run PORT=8010"; exit 1; }
	@PUBLIC_URL=http://localhost:$(PORT) python build.py
	@PUBLIC_URL=http://localhost:$(PORT) flask --app sync_server demo
	@PUBLIC_URL=http://localhost:$(PORT) flask --app sync_server serve --port $(PORT)

test: .venv/dev browser ## set up what is missing and run the whole suite
	@python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --durations=10

coverage: .venv/dev browser ## run the suite again, and show the lines that no test reaches
	@python -m pytest -n 3 --dist loadfile --quiet --cov

lint: .venv/dev ## ruff, mypy and the type checker over the front end's JavaScript
	@ruff check .
	@ruff format --check .
	@mypy
	@PYTHONPATH=site/plugins python -m portal.editor.bundle tsc -p site/app
	@PYTHONPATH=site/plugins python -m portal.editor.bundle tsc -p site/app/sw

bench: .venv/dev browser ## measure builds, first paint, records taken in and pages, beside peers
	@python -m bench.build
	@python -m bench.paint
	@python -m bench.ingest
	@python -m bench.kiosk
	@python -m bench.office
	@python -m bench.lists
	@python -m bench.morning
	@python -m bench.growth
	@python -m bench.line

bench-quick: .venv/dev browser ## print all ratios in under four minutes
	@python -m bench.quick

papers: .venv/dev ## measure reports as LibreOffice shows them, and have it add up their totals
	@command -v soffice >/dev/null || { $(APT) -qq update && $(APT) -qq install -y libreoffice-writer libreoffice-calc; }
	@PAPERS=1 python -m pytest -q tests/reports/test_papers.py

pictures: .venv/dev browser ## take the pictures of the READMEs and guides from the running demonstration
	@PICTURES=1 python -m pytest -q tests/e2e/test_pictures.py

postgresql: .venv/dev browser ## run the tests of the server's pages and commands on PostgreSQL
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { $(APT) -qq update && $(APT) -qq install -y postgresql; }
	@python -m pytest -n 2 --quiet --postgresql= tests/acts tests/api tests/app tests/office tests/reports tests/storage \
		tests/test_cli.py

chaos: .venv/dev browser ## kill kiosk and server, let every system call fail, restore under running kiosks
	@test -e /usr/lib/fiu/fiu_posix_preload.so || { $(APT) -qq update && $(APT) -qq install -y fiu-utils; }
	@KILLS=50 python -m pytest -q tests/e2e/test_kiosk_power.py tests/e2e/test_restore.py tests/test_crashes.py \
		tests/test_faults.py

cluster: .venv/run ## bring up PostgreSQL with Patroni and two servers on this machine, to try it
	@command -v etcd >/dev/null && test -x /usr/sbin/haproxy || { $(APT) -qq update && $(APT) -qq install -y postgresql etcd-server haproxy python3 iproute2 e2fsprogs; }
	@deploy/cluster/up

cluster-chaos: .venv/dev cluster ## run storage's tests on it; then break it under load, and check what clients saw
	@PGPASSFILE=.cluster/pgpass python -m pytest -q tests/storage \
		--postgresql=postgresql+psycopg://postgres@127.0.0.1:5500/postgres
	@python -m bench.cluster_chaos

fuzz: .venv/dev ## hold Python's rules to JavaScript's and to the model on random conferences
	@FUZZ_SEED=$$(date +%s) FUZZ_CONFERENCES=20000 EXAMPLES=300 \
		python -m pytest -q -n 2 tests/app/test_twins.py tests/storage/test_nodes.py
	@FUZZ_SEED=$$(date +%s) FUZZ_CONFERENCES=75000 python -m pytest -q tests/domain/test_judged_hall.py # a million ledgers
	@EXAMPLES=2000 python -m pytest -q -n 2 tests/api/test_openapi.py

format: .venv/dev ## format the Python code
	@ruff check --fix --quiet .
	@ruff format .

lock: .venv/dev ## renew the locked requirements, with hashes and without hosts
	@pip install --quiet uv
	@uv pip compile pyproject.toml --extra server --extra postgres --extra site --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet --upgrade -o requirements/run.txt
	@uv pip compile pyproject.toml --extra server --extra postgres --extra site --group dev --universal \
		--python-version 3.11 --generate-hashes --no-header --quiet --upgrade \
		-c requirements/run.txt -o requirements/dev.txt
	@uv pip compile --group cluster --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet --upgrade -o requirements/cluster.txt

audit: .venv/dev ## look for secrets in what is committed, and for libraries with known faults (needs a network)
	@git ls-files -z | xargs -0 detect-secrets-hook --exclude-files '^(requirements/|tests/|bench/|package-lock)' \
		--disable-plugin KeywordDetector --disable-plugin BasicAuthDetector
	@pip install --quiet --disable-pip-version-check pip-audit
	@pip-audit --disable-pip --no-deps --requirement requirements/dev.txt
	@npm audit --audit-level=moderate

sbom: .venv/run ## list every library in sbom.json (CycloneDX)
	@pip install --quiet cyclonedx-bom
	@cyclonedx-py requirements requirements/run.txt --output-file sbom.json

clean: ## remove everything that was made here, the demonstration's database included
	@rm -rf .venv node_modules instance output .output.diemcau-* .cache .env \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage test-results

browser: .venv/dev
	@python tests/chromium.py >/dev/null || { $(APT) -qq update && $(APT) -qq install -y chromium-headless-shell; }

.venv/run: requirements/run.txt | .venv/made
	@echo "Đang cài thư viện Python vào .venv (chỉ lần đầu)…"
	@$(call install,requirements/run.txt)
	@touch $@

.venv/dev: requirements/dev.txt | .venv/made
	@echo "Đang cài thư viện Python cho bộ kiểm thử vào .venv (chỉ lần đầu)…"
	@$(call install,requirements/dev.txt)
	@touch $@ .venv/run

# Debian keeps the venv module in a package of its own.
.venv/made:
	@$(PYTHON) -m venv .venv 2>/dev/null || { \
		$(APT) -qq update && $(APT) -qq install -y python3-venv && $(PYTHON) -m venv --clear .venv; }
	@touch $@

.env:
	@umask 077; python -c 'import secrets; [print(f"{key}={secrets.token_urlsafe(48)}") for key in ("SECRET_KEY", "SEAL_KEY")]' > $@
