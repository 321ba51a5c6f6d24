# Stands in for the Astro Runtime image where that cannot be had: the same steps when a project is built on it, the same
# user and the same paths. Certificates beside this file (*.crt) are trusted.
ARG BASE=debian:bookworm-slim
FROM $BASE
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git make python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY . /usr/local/share/ca-certificates/
RUN update-ca-certificates
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    AIRFLOW_HOME=/usr/local/airflow \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    VIRTUAL_ENV=/opt/airflow \
    PATH=/opt/airflow/bin:$PATH
ARG AIRFLOW=3.3.2
RUN python3 -m venv $VIRTUAL_ENV && pip install --quiet uv && uv pip install --quiet "apache-airflow==$AIRFLOW" apache-airflow-providers-postgres asyncpg \
    && useradd --uid 50000 --gid 0 --no-create-home --home-dir $AIRFLOW_HOME astro \
    && install -d -o astro -g 0 $AIRFLOW_HOME
WORKDIR $AIRFLOW_HOME
ONBUILD COPY packages.txt .
ONBUILD RUN test ! -s packages.txt || (apt-get update && xargs apt-get install -y --no-install-recommends < packages.txt)
ONBUILD COPY requirements.txt .
ONBUILD RUN uv pip install --quiet --requirement requirements.txt
ONBUILD USER astro
ONBUILD COPY --chown=astro:0 . .
