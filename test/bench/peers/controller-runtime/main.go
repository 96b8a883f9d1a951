// Command controller-runtime is the webhook that most Go operators would write for one rule: controller-runtime's own
// server and decoder, typed objects, everything else at its defaults.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const message = "authzConfig and authzConfigRef are mutually exclusive; use authzConfigRef to reference a shared MCPAuthzConfig"

// MCPServer as far as the rule needs it.
type MCPServer struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              MCPServerSpec `json:"spec,omitempty"`
}

// MCPServerSpec leaves out what the rule does not look at.
type MCPServerSpec struct {
	AuthzConfig    json.RawMessage `json:"authzConfig,omitempty"`
	AuthzConfigRef json.RawMessage `json:"authzConfigRef,omitempty"`
}

// DeepCopyObject makes it a runtime.Object; nothing here copies one.
func (s *MCPServer) DeepCopyObject() runtime.Object {
	other := *s
	s.ObjectMeta.DeepCopyInto(&other.ObjectMeta)
	return &other
}

type mutualExclusion struct{ decoder admission.Decoder }

func (m mutualExclusion) Handle(_ context.Context, request admission.Request) admission.Response {
	server := &MCPServer{}
	if err := m.decoder.Decode(request, server); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	if server.Spec.AuthzConfig != nil && server.Spec.AuthzConfigRef != nil {
		return admission.Denied(message)
	}
	return admission.Allowed("")
}

func main() {
	port := flag.Int("port", 9443, "port to serve on")
	certificate := flag.String("tls-cert-file", "", "certificate")
	key := flag.String("tls-private-key-file", "", "its key, in the same folder")
	flag.Parse()
	ctrl.SetLogger(logr.Discard())

	scheme := runtime.NewScheme()
	version := schema.GroupVersion{Group: "toolhive.stacklok.dev", Version: "v1beta1"}
	scheme.AddKnownTypes(version, &MCPServer{})

	server := webhook.NewServer(webhook.Options{
		Host:     "127.0.0.1",
		Port:     *port,
		CertDir:  filepath.Dir(*certificate),
		CertName: filepath.Base(*certificate),
		KeyName:  filepath.Base(*key),
	})
	server.Register("/validate", &webhook.Admission{Handler: mutualExclusion{admission.NewDecoder(scheme)}})
	if err := server.Start(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
