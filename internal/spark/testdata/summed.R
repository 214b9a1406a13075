# Sums rows by key, without SparkR: Spark's backend for R is spoken to as that
# package does. Arguments: where the rows are, and where the sums go.

backend <- socketConnection(
  port = as.integer(Sys.getenv("EXISTING_SPARKR_BACKEND_PORT")),
  open = "r+b", blocking = TRUE, timeout = 600
)

write_int <- function(con, n) writeBin(as.integer(n), con, endian = "big")
read_int <- function() readBin(backend, "integer", endian = "big")

# The backend wants strings to end in a zero byte, and sends them without.
write_text <- function(con, text) {
  bytes <- c(charToRaw(text), as.raw(0))
  write_int(con, length(bytes))
  writeBin(bytes, con)
}
read_text <- function() {
  length <- read_int()
  rawToChar(readBin(backend, "raw", length))
}

read_value <- function() {
  switch(rawToChar(readBin(backend, "raw", 1)),
    n = NULL,
    c = read_text(),
    j = structure(read_text(), class = "jobj"),
    stop("a value of another kind")
  )
}

# Calls a method of an object, or of a class where target is its name.
call <- function(target, method, ...) {
  request <- rawConnection(raw(0), "r+")
  write_int(request, !inherits(target, "jobj"))
  write_text(request, unclass(target))
  write_text(request, method)
  arguments <- list(...)
  write_int(request, length(arguments))
  for (argument in arguments) {
    writeBin(charToRaw("c"), request)
    write_text(request, argument)
  }
  bytes <- rawConnectionValue(request)
  close(request)
  write_int(backend, length(bytes))
  writeBin(bytes, backend)
  flush(backend)
  repeat {
    status <- read_int()
    if (status == 0) return(read_value())
    # 1 only says that the backend is still there.
    if (status != 1) stop(read_text())
  }
}

write_text(backend, Sys.getenv("SPARKR_BACKEND_AUTH_SECRET"))
flush(backend)
stopifnot(read_text() == "ok")

paths <- commandArgs(trailingOnly = TRUE)
spark <- call(call("org.apache.spark.sql.SparkSession", "builder"), "getOrCreate")
reader <- call(call(call(spark, "read"), "option", "header", "true"), "schema", "k STRING, v INT")
call(call(reader, "csv", paths[1]), "createOrReplaceTempView", "rows")
sums <- call(spark, "sql", "SELECT k, CAST(sum(v) / 2 AS INT) FROM rows GROUP BY k")
call(call(sums, "write"), "csv", paths[2])
call(spark, "stop")
