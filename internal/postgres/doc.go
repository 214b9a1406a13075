// Package postgres is the database of products that keep their state in one: a
// Postgres of their own on a volume, or one that is there already.
package postgres
