# One image for every process of the mall; docker-compose.yml says which command each runs.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.lock /tmp/requirements.lock
RUN /opt/venv/bin/pip install --require-hashes --no-deps --only-binary :all: -r /tmp/requirements.lock
WORKDIR /srv/kamen
COPY . .
# Only the base settings: collecting files needs neither a database nor a secret.
RUN DJANGO_SETTINGS_MODULE=kamen.settings.base /opt/venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
 && /opt/venv/bin/python -m compileall -q .

FROM python:3.12-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=kamen.settings.production \
    LOG_FORMAT=json \
    PORT=8000
# The mall owns nothing in its image but the place of its files: it can read its code, write there and to /tmp.
RUN groupadd --system --gid 10001 kamen && useradd --system --uid 10001 --gid kamen --no-create-home --home-dir /tmp kamen \
 && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/kamen/files /var/lib/kamen/anchors
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/kamen /srv/kamen
WORKDIR /srv/kamen
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s --retries=3 CMD ["python", "-m", "kamen.probe", "/healthz"]
CMD ["gunicorn", "--config", "python:kamen.gunicorn"]
