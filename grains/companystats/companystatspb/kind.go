// Package companystatspb holds the commands and replies of the grain of a company's figures.
package companystatspb

// Kind is the grain's name in the cluster. Its id is the company's.
const Kind = "CompanyStats"
